import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { announceSubnet, startListener, withdrawSubnet } from '../../fixtures/topologies/bgp-neighbours.ts'
import { ipvlanDemo } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

/** The document pings by IPv4. */
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

// A neighbour router has no route to an l3 child's subnet until the host announces one by BGP, and none again afterwards.
scenario(ipvlanDemo, 'a neighbour reaches l3 children once BGP has announced their subnet', {
  claim: ipvlanDemoDocument.claim('C5'),
  when: 'by BGP',
  needs: ['tool:bird', 'tool:birdc'],
})
  .given('net1 gets a default route', async ({ host: { $ } }) => {
    await $`ip netns exec net1 ip route add default dev ipv1`
    // A kernel without IPv6 refuses; then its cells are left out.
    await $({ nothrow: true })`ip -n net1 -6 route add default dev ipv1`
    // What it sends for its children is not its own: it asks for the next hop by a link-local address (ndisc_solicit).
    await $({ nothrow: true })`ip -6 addr add fe80::10/64 dev eth0 nodad`
  })
  .given('the outside waits for a BGP neighbour', startListener)
  .expect({ outside: { net1: blocked('no-route', { at: 'outside' }) } }, all)
  .until('the host’s BGP session with the outside is up', announceSubnet, withdrawSubnet)
  .finding('the route was learnt by BGP', async ({ hosts }) => {
    const found = (await hosts.outside.$`ip route show 10.0.1.0/24`).stdout.trim()
    return { holds: found.startsWith('10.0.1.0/24 via 192.168.1.10 dev eth0 proto bird'), found }
  })
  .expect({ outside: { net1: reached }, net1: { outside: reached } }, all)
  .andBack()
