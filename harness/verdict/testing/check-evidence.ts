import { expect } from 'vitest'
import type { Control, Evidence } from '../../model/evidence.ts'
import type { Graph } from '../../model/graph.ts'
import type { CellResult } from '../../model/results.ts'
import { verdictText } from '../../model/verdict.ts'
import { judge } from '../classify.ts'

/** Every verdict rests on both ends and, where something did not happen, on a living control. */
export function checkEvidence({ observed, evidence }: CellResult): void {
  const { probe, controls, sightings, captureProblem } = evidence
  if (observed.verdict === 'inconclusive') return
  expect(captureProblem).toBeUndefined()
  if (observed.verdict === 'reached') {
    const seen = (kind: string, ns: string | undefined, direction: string): boolean =>
      sightings.some((s) => s.kind === kind && s.ns === ns && s.direction === direction)
    // What is handed over in l3s is last seen at the parent.
    const arrived = (kind: string, ns: string | undefined): boolean =>
      seen(kind, ns, 'in') || seen(kind, ns?.split('/')[0], 'in')
    expect(seen('request', probe.from, 'out'), 'the request left').toBe(true)
    expect(arrived('request', probe.owner), 'the request arrived').toBe(true)
    expect(seen('reply', probe.owner, 'out'), 'the reply left').toBe(true)
    expect(arrived('reply', probe.from), 'the reply arrived').toBe(true)
    return
  }
  const alive = (end: string): boolean => controls.some((control) => control.end === end && control.alive)
  expect(alive('source'), 'the source is shown alive').toBe(true)
  if (probe.owner !== undefined) expect(alive('target'), 'the target is shown alive').toBe(true)
  expect(evidence.outcome.kind).toMatch(/silence|errno/)
}

/**
 * What was reached would never have been called blocked, had any of its frames come too late for the probe: on a busy machine
 * they do.
 */
export function checkLateness({ observed, evidence }: CellResult, graph: Graph): void {
  if (observed.verdict !== 'reached') return
  const alive = (end: Control['end']): Control => {
    return { end, from: '', address: evidence.probe.address, alive: true, method: 'peer', text: '' }
  }
  const { sightings } = evidence
  for (let come = 0; come < sightings.length; come++) {
    const early: Evidence = {
      ...evidence,
      outcome: { kind: 'silence' },
      sightings: sightings.slice(0, come),
      neighbours: [],
      controls: [alive('source'), alive('target')],
      // As if every rule had been watched: a proof must not rest on nobody having looked.
      findings: { netfilter: [] },
    }
    const { verdict, story } = judge(early, graph)
    expect(verdict.verdict, `${verdictText(verdict)} after ${String(come)} frames\n${story.join('\n')}`).toBe(
      'inconclusive',
    )
  }
}
