import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'

type Node1 = Pick<Hosts<'node1'>, 'node1'>

// A parent's own stack and its macvlan children never meet. The document's way out: the host gets a child of its own.
scenario(macvlanBridge, 'ns → host fails until a mac0 sub-interface is added')
  .expect({ ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation') } })
  .until('mac0 takes over the address of ens160', moveAddressToMac0, moveAddressBack)
  .expect({ ns1: { node1: reached } })
  .andBack()

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

// The gateway knows the LAN; the namespace must know the gateway.
scenario(macvlanBridge, 'an outside client reaches ns1 only once ns1 has a default route')
  .expect({ client: { ns1: blocked('no-return-route') } })
  .until(
    'ns1 gets a default route',
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route add default via 192.168.1.1 dev mac1`,
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route del default`,
  )
  .expect({ client: { ns1: reached } })
  .andBack()
