import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { dockerMacvlan } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

// The driver does what the documents do by hand: a child in mode bridge per container. So containers are hosts of the LAN, and the
// one host that they do not reach is their own, until it has a child as well.
const apart = blocked('macvlan-parent-isolation', { at: 'node1 eth0' })

scenario(dockerMacvlan, 'macvlan: containers are on the LAN, apart from their host until it has a child', {
  claim: k8sIpvlanMacvlan.claim('D4'),
  when: 'macvlan',
})
  .expect({
    c1: { c2: reached, node2: reached, node1: apart },
    c2: { c1: reached, node2: reached, node1: apart },
    node1: { c1: apart, node2: reached },
    node2: { c1: reached, c2: reached },
  })
  .until(
    'node1 gets a child and reaches c1 by it',
    async ({ node1: { $ } }) => {
      await $`ip link add shim link eth0 type macvlan mode bridge`
      await $`ip link set shim up`
      await $`ip route add 192.168.1.101/32 dev shim src 192.168.1.10`
    },
    ({ node1: { $ } }) => $`ip link del shim`,
  )
  .expect({ node1: { c1: reached }, c1: { c2: reached } })
  .andBack()
