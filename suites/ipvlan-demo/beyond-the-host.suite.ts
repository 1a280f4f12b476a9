import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanDemo } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

// What BGP would bring to a neighbour of the host is a route to the children's subnet by the host's address. The host need not
// forward: the driver takes what comes in for a child before the host's stack sees it (ipvlan_handle_mode_l3).
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

scenario(ipvlanDemo, 'a neighbour of the host reaches l3 children by a route', {
  claim: ipvlanDemoDocument.claim('C5'),
})
  .given('net1 gets a default route', async ({ host: { $ } }) => {
    await $`ip netns exec net1 ip route add default dev ipv1`
    await $({ nothrow: true })`ip -n net1 -6 route add default dev ipv1`
  })
  .expect({ outside: { net1: blocked('no-route', { at: 'outside' }) } }, all)
  .until(
    'outside learns routes to the subnets of net1 by the host',
    async ({ outside: { $ } }) => {
      await $`ip route add 10.0.1.0/24 via 192.168.1.10`
      await $({ nothrow: true })`ip -6 route add fd00:101::/64 via fd00:1::10`
    },
    async ({ outside: { $ } }) => {
      await $`ip route del 10.0.1.0/24`
      await $({ nothrow: true })`ip -6 route del fd00:101::/64`
    },
  )
  .expect({ outside: { net1: reached } }, all)
  .andBack()
