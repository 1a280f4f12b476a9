import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { announceSubnet, startListener, withdrawSubnet } from '../../fixtures/topologies/bgp-neighbours.ts'
import { ipvlanDemo } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

// A neighbour router has no route to an l3 child's subnet until the host announces one by BGP, and none again afterwards.
scenario(ipvlanDemo, 'a neighbour reaches l3 children once BGP has announced their subnet', {
  claim: ipvlanDemoDocument.claim('C5'),
  when: 'by BGP',
  needs: ['tool:bird', 'tool:birdc'],
})
  .given('net1 gets a default route', ({ host: { $ } }) => $`ip netns exec net1 ip route add default dev ipv1`)
  .given('the outside waits for a BGP neighbour', startListener)
  .expect({ outside: { net1: blocked('no-route', { at: 'outside' }) } })
  .until('the host’s BGP session with the outside is up', announceSubnet, withdrawSubnet)
  .finding('the route was learnt by BGP', async ({ hosts }) => {
    const found = (await hosts.outside.$`ip route show 10.0.1.0/24`).stdout.trim()
    return { holds: found.startsWith('10.0.1.0/24 via 192.168.1.10 dev eth0 proto bird'), found }
  })
  .expect({ outside: { net1: reached }, net1: { outside: reached } })
  .andBack()
