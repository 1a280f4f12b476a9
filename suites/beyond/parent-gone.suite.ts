import { reached, type Graph } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('parent-deleted')

// A child is a view of its parent: with the parent it goes from every namespace, whose other devices stay.
scenario(macvlanChildren('bridge'), 'children vanish with their parent', { claim, when: 'the parent is deleted' })
  .expect({ ns1: { ns2: reached } })
  .finding('before, each namespace has its child', async ({ graph }) => childrenIn(await graph(), ['mac1', 'mac2']))
  .given('the parent is deleted', ({ host: { $ } }) => $`ip link del eth0`)
  .finding('after, no namespace has one', async ({ graph }) => childrenIn(await graph(), []))

// A parent that moves to another namespace is not gone: its children follow nowhere and still work, once it is up again.
scenario(macvlanChildren('bridge'), 'children survive the move of their parent', {
  claim: beyond.claim('parent-moved'),
})
  .expect({ ns1: { ns2: reached, outside: reached } })
  .given('the parent moves to a namespace of its own', async ({ host: { $ } }) => {
    await $`ip netns add ns3`
    await $`ip link set eth0 netns ns3`
    await $`ip netns exec ns3 ip link set eth0 up`
  })
  .finding('both children are where they were', async ({ graph }) => childrenIn(await graph(), ['mac1', 'mac2']))
  .expect({ ns1: { ns2: reached, outside: reached } })

function childrenIn(graph: Graph, expected: readonly string[]) {
  const namespaces = graph.namespaces.filter((ns) => ['host/ns1', 'host/ns2'].includes(ns.id))
  const names = namespaces.flatMap((ns) => ns.interfaces.map((i) => i.name).filter((name) => name !== 'lo'))
  const found = namespaces.map((ns) => `${ns.id}: ${ns.interfaces.map((i) => i.name).join(' ')}`).join('; ')
  return { holds: namespaces.length === 2 && names.join(' ') === expected.join(' '), found }
}
