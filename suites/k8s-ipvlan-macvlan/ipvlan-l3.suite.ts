import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanEns32 } from '../../fixtures/topologies/ipvlan-ens32.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

// The document sets addresses, pings, and shows no answer. There is none to be had: neither namespace has a route to the
// other's subnet, and so neither sends anything.
const noRoutes = {
  net1: { net2: blocked('no-route', { at: 'node1/net1' }) },
  net2: { net1: blocked('no-route', { at: 'node1/net2' }) },
} as const

/** The document pings by IPv4. */
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

scenario(ipvlanEns32, 'l3 children without routes, addresses set by ifconfig', {
  claim: k8sIpvlanMacvlan.claim('D2'),
  when: 'ifconfig, as printed',
  needs: ['tool:ifconfig'],
})
  .given('addresses are set', async ({ node1: { $ } }) => {
    await $`ip netns exec net1 ifconfig iv1 192.168.10.135/24 up`
    await $`ip netns exec net2 ifconfig iv2 192.168.20.136/24 up`
  })
  .expect(noRoutes)

scenario(ipvlanEns32, 'l3 children reach each other once both have a route', {
  claim: k8sIpvlanMacvlan.claim('D2'),
  when: 'addresses set by ip',
})
  .given('addresses are set', async ({ node1: { $ } }) => {
    await $`ip netns exec net1 ip addr add 192.168.10.135/24 dev iv1`
    await $`ip netns exec net1 ip link set iv1 up`
    await $`ip netns exec net2 ip addr add 192.168.20.136/24 dev iv2`
    await $`ip netns exec net2 ip link set iv2 up`
    // A kernel without IPv6 refuses; then its cells are left out.
    await $({ nothrow: true })`ip -n net1 -6 addr add fd00:10::135/64 dev iv1 nodad`
    await $({ nothrow: true })`ip -n net2 -6 addr add fd00:20::136/64 dev iv2 nodad`
  })
  .expect(noRoutes, all)
  .until(
    'both namespaces get a default route',
    async ({ node1: { $ } }) => {
      await $`ip netns exec net1 ip route add default dev iv1`
      await $`ip netns exec net2 ip route add default dev iv2`
      await $({ nothrow: true })`ip -n net1 -6 route add default dev iv1`
      await $({ nothrow: true })`ip -n net2 -6 route add default dev iv2`
    },
    async ({ node1: { $ } }) => {
      await $`ip netns exec net1 ip route del default`
      await $`ip netns exec net2 ip route del default`
      await $({ nothrow: true })`ip -n net1 -6 route del default`
      await $({ nothrow: true })`ip -n net2 -6 route del default`
    },
  )
  .expect({ net1: { net2: reached }, net2: { net1: reached } }, all)
  .andBack()
