import { blocked, reached, tcp, udp, icmp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridgeIpv6 } from '../../fixtures/topologies/macvlan-bridge-ipv6.ts'

type Node1 = Pick<Hosts<'node1'>, 'node1'>

// The document knows IPv4 only. The driver looks at MAC addresses, so IPv6 fares the same in every row, by its own neighbour
// discovery: its questions are multicast, which children filter by group.
const over = [icmp(), tcp(8080), udp(5353)]

scenario(macvlanBridgeIpv6, 'children, node and LAN over IPv6').expect(
  {
    ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) },
    ns2: { ns1: reached },
    node2: { ns1: reached },
    node1: { ns1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }), node2: reached },
  },
  { family: 6, over },
)

scenario(macvlanBridgeIpv6, 'an outside client reaches ns1 over IPv6 only once ns1 has a default route')
  .expect({ client: { ns1: blocked('no-return-route', { at: 'node1/ns1' }) } }, { family: 6, over })
  .until(
    'ns1 gets an IPv6 default route',
    ({ node1: { $ } }) => $`ip netns exec ns1 ip -6 route add default via fd00:179::1 dev mac1`,
    ({ node1: { $ } }) => $`ip netns exec ns1 ip -6 route del default`,
  )
  .expect({ client: { ns1: reached } }, { family: 6, over })
  .andBack()

scenario(macvlanBridgeIpv6, 'ns → host over IPv6 fails until a mac0 sub-interface has the address')
  .expect({ ns1: { node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) } }, { family: 6 })
  .until('mac0 takes over the IPv6 address of ens160', moveAddressToMac0, moveAddressBack)
  .expect({ ns1: { node1: reached } }, { family: 6 })
  .andBack()

async function moveAddressToMac0({ node1: { $ } }: Node1): Promise<void> {
  await $`ip link add link ens160 mac0 type macvlan mode bridge`
  await $`ip addr del fd00:179::9/64 dev ens160`
  await $`ip addr add fd00:179::9/64 dev mac0`
  await $`ip link set dev mac0 up`
}

async function moveAddressBack({ node1: { $ } }: Node1): Promise<void> {
  await $`ip link del mac0`
  await $`ip addr add fd00:179::9/64 dev ens160`
}
