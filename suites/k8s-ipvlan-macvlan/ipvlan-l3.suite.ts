import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanEns32 } from '../../fixtures/topologies/ipvlan-ens32.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

// The document sets addresses, pings, and shows no answer. There is none to be had: neither namespace has a route to the
// other's subnet, and so neither sends anything.
const noRoutes = {
  net1: { net2: blocked('no-route', { at: 'node1/net1' }) },
  net2: { net1: blocked('no-route', { at: 'node1/net2' }) },
} as const

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
  })
  .expect(noRoutes)
  .until(
    'both namespaces get a default route',
    async ({ node1: { $ } }) => {
      await $`ip netns exec net1 ip route add default dev iv1`
      await $`ip netns exec net2 ip route add default dev iv2`
    },
    async ({ node1: { $ } }) => {
      await $`ip netns exec net1 ip route del default`
      await $`ip netns exec net2 ip route del default`
    },
  )
  .expect({ net1: { net2: reached }, net2: { net1: reached } })
  .andBack()
