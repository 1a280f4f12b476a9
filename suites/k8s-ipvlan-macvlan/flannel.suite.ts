import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { seenAs } from '../../fixtures/seen-as.ts'
import { hostGwBackend, udpBackend, vxlanBackend } from '../../fixtures/topologies/flannel.ts'
import { oneSegmentNodes, podNodes, routedPodNodes, twoSegmentNodes } from '../../fixtures/topologies/pod-nodes.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const claim = k8sIpvlanMacvlan.claim('D6')

const talking = { pod1: { pod2: reached }, pod2: { pod1: reached } } as const
/** A node without a route to the other's Pods says so. */
const silent = {
  pod1: { pod2: blocked('no-route', { at: 'node1' }) },
  pod2: { pod1: blocked('no-route', { at: 'node2' }) },
} as const

// What flannel does on each node, by hand, on nodes that share an L2 segment: each of its ways works, and none needs NAT.
for (const [name, backend, needs] of [
  ['vxlan', vxlanBackend(oneSegmentNodes), ['link:vxlan']],
  ['host-gw', hostGwBackend(oneSegmentNodes), []],
  ['udp', udpBackend(oneSegmentNodes), ['link:tun']],
] as const) {
  scenario(podNodes, `Pods of different nodes talk without NAT by ${name}`, { claim, when: name, needs })
    .expect(silent)
    .until(`the nodes are joined by ${name}`, backend.set, backend.unset)
    .expect(talking)
    .finding('pod2 sees pod1 by its own address', async ({ hosts }) => {
      const { node1, node2 } = hosts
      const found = await seenAs({ host: node1, namespace: 'pod1' }, { host: node2, namespace: 'pod2' }, '10.244.2.2')
      return { holds: found === '10.244.1.2', found }
    })
    .andBack()
}

// Nodes with a router between them: a node cannot be the gateway of one that is not its neighbour. The kernel refuses the
// route; made to believe it (onlink), a node asks its own segment for the other node in vain. So packets for Pods go to the
// router, which knows nothing of them. vxlan does not care.
const vxlan = vxlanBackend(twoSegmentNodes)

scenario(routedPodNodes, 'host-gw fails between nodes on different segments, where vxlan works', {
  claim,
  when: 'host-gw, nodes on different segments',
  needs: ['link:vxlan'],
})
  .finding('the kernel refuses a gateway that is no neighbour', async ({ hosts }) => {
    const set = await hosts.node1.$({ nothrow: true })`ip route add 10.244.2.0/24 via 192.168.164.129 dev ens32`
    return { holds: set.stderr.includes('Nexthop has invalid gateway'), found: set.stderr.trim() }
  })
  .finding('a node that is told onlink finds nobody of that address', async ({ hosts }) => {
    const $ = hosts.node1.$({ nothrow: true })
    const hostGw = hostGwBackend(twoSegmentNodes, ['onlink'])
    await hostGw.set(hosts)
    await $`ping -c 1 -W 5 10.244.2.2`
    const found = (await $`ip neigh show 192.168.164.129 dev ens32`).stdout.trim()
    await hostGw.unset(hosts)
    return { holds: /FAILED|INCOMPLETE/.test(found), found }
  })
  .expect({ node1: { '192.168.164.129': reached, pod2: blocked('no-route', { at: 'gw' }) } })
  .until('the nodes are joined by vxlan', vxlan.set, vxlan.unset)
  .expect({ ...talking, node1: { pod2: reached } })
  .andBack()
