import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanDemo } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

// What BGP would bring to a neighbour of the host is a route to the children's subnet by the host's address. The host need not
// forward: the driver takes what comes in for a child before the host's stack sees it (ipvlan_handle_mode_l3).
scenario(ipvlanDemo, 'a neighbour of the host reaches l3 children by a route', {
  claim: ipvlanDemoDocument.claim('C5'),
})
  .given('net1 gets a default route', ({ host: { $ } }) => $`ip netns exec net1 ip route add default dev ipv1`)
  .expect({ outside: { net1: blocked('no-route', { at: 'outside' }) } })
  .until(
    'outside learns a route to 10.0.1.0/24 by the host',
    ({ outside: { $ } }) => $`ip route add 10.0.1.0/24 via 192.168.1.10`,
    ({ outside: { $ } }) => $`ip route del 10.0.1.0/24`,
  )
  .expect({ outside: { net1: reached } })
  .andBack()
