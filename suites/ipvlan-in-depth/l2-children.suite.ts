import { blocked, broadcast, icmp, multicast, reached, tcp, udp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL2, ipvlanL3 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'

// All children have one MAC address. Which of them a frame is for, the driver reads from the addresses inside it, ARP included.
scenario(ipvlanL2, 'l2 children reach each other', { claim: ipvlanInDepth.claim('E1') })
  .expect({ node1ns: { node1ns2: reached }, node1ns2: { node1ns: reached } })
  .expect(
    { node1ns: { node1ns2: reached }, node1ns2: { node1ns: reached } },
    { over: [tcp(8080), udp(5353)], as: 'TCP and UDP' },
  )
  .expect(
    { node1ns: { node1ns2: reached }, node1ns2: { node1ns: reached } },
    { family: 6, over: [icmp(), tcp(8080), udp(5353)], as: 'IPv6' },
  )

// Broadcasts and multicasts are queued and given to every other child, then to the wire (ipvlan_process_multicast). In l3 the
// sender's own driver throws them away (ipvlan_process_outbound).
scenario(ipvlanL2, 'l2 children hear each other’s broadcasts and multicasts', {
  claim: ipvlanInDepth.claim('E9'),
  when: 'multicast in l2',
})
  .expect({ node1ns: { node1ns2: reached } }, { over: [broadcast(5000), multicast(5001)] })
  .expect({ node1ns: { node1ns2: reached } }, { over: multicast(5001), family: 6 })

scenario(ipvlanL3, 'l3 children hear no multicast', { claim: ipvlanInDepth.claim('E9'), when: 'multicast in l3' })
  .given('beside sends multicasts by its only device', ({ beside: { $ } }) => $`ip route add 224.0.0.0/4 dev eth0`)
  .expect(
    {
      node2ns: { node2ns2: blocked('l3-no-multicast', { at: 'node/node2ns eth0' }) },
      beside: { node2ns: blocked('l3-no-multicast', { at: 'node ens10' }) },
    },
    { over: multicast(5001) },
  )
