import { blocked, broadcast, multicast, reached, tcp, udp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'

// The document pings. A namespace can answer ping and be dead for TCP, so its rows are asked again with both.
scenario(macvlanBridge, 'TCP and UDP connect where ping does').expect(
  {
    ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) },
    ns2: { ns1: reached },
    node2: { ns1: reached },
    node1: { ns1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }), node2: reached },
  },
  { over: [tcp(8080), udp(5353)] },
)

scenario(macvlanBridge, 'a TCP connection from outside needs the default route as well')
  .expect({ client: { ns1: blocked('no-return-route', { at: 'node1/ns1' }) } }, { over: [tcp(8080), udp(5353)] })
  .until(
    'ns1 gets a default route',
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route add default via 192.168.1.1 dev mac1`,
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route del default`,
  )
  .expect({ client: { ns1: reached } }, { over: [tcp(8080), udp(5353)] })
  .andBack()

// Nobody is asked by name here, and still the parent's own stack hears nothing of its children (macvlan_broadcast goes to the
// children and, from one of them, to the wire).
scenario(macvlanBridge, 'children hear each other’s broadcasts and multicasts, and their node does not').expect(
  {
    ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens160' }) },
    node2: { ns1: reached, ns2: reached },
  },
  { over: [broadcast(5000), multicast(5001)] },
)
