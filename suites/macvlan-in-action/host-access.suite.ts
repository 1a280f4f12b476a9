import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

type Node1 = Pick<Hosts<'node1'>, 'node1'>

// A parent's own stack and its macvlan children never meet. The document's way out: the host becomes a child as well.
scenario(macvlanBridge, 'ns → host fails until a mac0 sub-interface has the address', {
  claim: macvlanInAction.claim('A7'),
})
  .expect({
    ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) },
    node1: { ns1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }), node2: reached },
  })
  .until('mac0 takes over the address of ens160', moveAddressToMac0, moveAddressBack)
  .expect({
    ns1: { ns2: reached, node2: reached, node1: reached },
    node1: { ns1: reached, node2: reached, client: reached },
    node2: { node1: reached },
  })
  .andBack()

// The address need not move. A mac0 without any lets ns1's frames in (Linux answers ARP for an address of any of its devices),
// and what is still missing is the way back: the node's route to ns1 leads by ens160.
scenario(macvlanBridge, 'a mac0 without an address needs nothing but a route to ns1 by it')
  .given('mac0 is added and set up', ({ node1: { $ } }) => addMac0($))
  .expect({ ns1: { node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) } })
  .until(
    'node1 gets a route to ns1 by mac0',
    ({ node1: { $ } }) => $`ip route add 192.168.179.12/32 dev mac0`,
    ({ node1: { $ } }) => $`ip route del 192.168.179.12/32 dev mac0`,
  )
  .expect({ ns1: { node1: reached }, node1: { ns1: reached, client: reached } })
  .andBack()

// Flushing and typing the LAN's route again is not needed: the kernel keeps a connected route for each address by itself.
// What is lost with the address, and must be typed, is the default route.
scenario(macvlanBridge, 'moving the address is enough, without flushing routes')
  .expect({ ns1: { node1: blocked('macvlan-parent-isolation') }, node1: { node2: reached, client: reached } })
  .until('mac0 takes over the address of ens160, no route is typed', async ({ node1: { $ } }) => {
    await addMac0($)
    await $`ip addr del 192.168.179.9/16 dev ens160`
    await $`ip addr add 192.168.179.9/16 dev mac0`
  })
  .expect({ ns1: { node1: reached }, node1: { node2: reached, client: blocked('no-route', { at: 'node1' }) } })

async function addMac0($: Node1['node1']['$']): Promise<void> {
  await $`ip link add link ens160 mac0 type macvlan mode bridge`
  await $`ip link set dev mac0 up`
}

async function moveAddressToMac0({ node1: { $ } }: Node1): Promise<void> {
  await $`ip link add link ens160 mac0 type macvlan mode bridge`
  await $`ip addr del 192.168.179.9/16 dev ens160`
  await $`ip addr add 192.168.179.9/16 dev mac0`
  await $`ip link set dev mac0 up`
  await $`ip route flush dev ens160`
  await $`ip route flush dev mac0`
  await $`ip route add 192.168.0.0/16 dev mac0 metric 0`
  await $`ip route add default via 192.168.1.1 dev mac0`
}

async function moveAddressBack({ node1: { $ } }: Node1): Promise<void> {
  await $`ip link del mac0`
  await $`ip addr add 192.168.179.9/16 dev ens160`
  await $`ip route add default via 192.168.1.1 dev ens160`
}
