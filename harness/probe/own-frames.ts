import { ownFrame } from '../model/answer.ts'
import type { Control, Evidence, NeighbourState, Outcome } from '../model/evidence.ts'
import type { Graph } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'

/** The target's stack said something in this very conversation: an answer, a refusal, or a question for its way back. */
export function targetFrames(
  { owner, address }: ProbeSpec,
  sightings: Evidence['sightings'],
  graph: Graph,
): Control | undefined {
  if (owner === undefined) return undefined
  const said = ownFrame(graph, sightings, owner, ['advert', 'reply', 'reset', 'error', 'return-solicit'])
  if (said === undefined) return undefined
  return {
    end: 'target',
    from: said.ns,
    address,
    alive: true,
    method: 'frames',
    text: `${said.ns} sent "${said.text}" by ${said.dev}`,
  }
}

/**
 * The source vouches for itself: its frames were captured as they left, its stack answered with an errno, or (where nothing
 * can leave) it has tried to resolve the target since the caches were emptied.
 */
export function sourceControl(
  spec: ProbeSpec,
  outcome: Outcome,
  sightings: Evidence['sightings'],
  neighbours: readonly NeighbourState[],
): Control[] {
  const left = sightings.find((s) => s.ns === spec.from && s.direction === 'out')
  if (left !== undefined) {
    const text = `${spec.from} sent "${left.text}" by ${left.dev}`
    return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'frames', text }]
  }
  if (outcome.kind === 'errno') {
    const text = `the stack of ${spec.from} refused with ${outcome.errno}: ${outcome.text}`
    return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'errno', text }]
  }
  // Entries that no flush removes prove nothing about this attempt.
  const lasting = ['PERMANENT', 'NOARP']
  const tried = neighbours.find((n) => n.ns === spec.from && n.address === spec.address && !lasting.includes(n.state))
  if (tried === undefined) return []
  const text = `the stack of ${spec.from} tried to resolve ${tried.address} on ${tried.dev} (${tried.state})`
  return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'neighbour', text }]
}
