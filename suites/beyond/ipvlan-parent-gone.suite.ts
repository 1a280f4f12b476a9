import { reached, type Graph, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanChildren } from '../../fixtures/topologies/ipvlan-modes.ts'
import { beyond } from './claims.ts'

const both = { family: [4, 6] } as const

// As with macvlan: a child is a view of its parent (ipvlan_device_event, NETDEV_UNREGISTER).
scenario(ipvlanChildren('l2'), 'ipvlan children vanish with their parent', {
  claim: beyond.claim('ipvlan-parent-deleted'),
})
  .expect({ ns1: { ns2: reached } }, both)
  .finding('before, each namespace has its child', async ({ graph }) =>
    childrenIn(await graph(), ['ipvlan1', 'ipvlan2']),
  )
  .given('the parent is deleted', ({ host: { $ } }) => $`ip link del eth0`)
  .finding('after, no namespace has one', async ({ graph }) => childrenIn(await graph(), []))

scenario(ipvlanChildren('l2'), 'l2 children survive the move of their parent', {
  claim: beyond.claim('ipvlan-parent-moved'),
})
  .expect({ ns1: { ns2: reached, outside: reached } }, both)
  .given('the parent moves to a namespace of its own', moveParent)
  .finding('both children are where they were', async ({ graph }) => childrenIn(await graph(), ['ipvlan1', 'ipvlan2']))
  .expect({ ns1: { ns2: reached, outside: reached }, outside: { ns1: reached } }, both)

async function moveParent({ host: { $ } }: Pick<Hosts<'host'>, 'host'>): Promise<void> {
  await $`ip netns add ns3`
  await $`ip link set eth0 netns ns3`
  await $`ip netns exec ns3 ip link set eth0 up`
}

function childrenIn(graph: Graph, expected: readonly string[]) {
  const namespaces = graph.namespaces.filter((ns) => ['host/ns1', 'host/ns2'].includes(ns.id))
  const names = namespaces.flatMap((ns) => ns.interfaces.map((i) => i.name).filter((name) => name !== 'lo'))
  const found = namespaces.map((ns) => `${ns.id}: ${ns.interfaces.map((i) => i.name).join(' ')}`).join('; ')
  return { holds: namespaces.length === 2 && names.join(' ') === expected.join(' '), found }
}
