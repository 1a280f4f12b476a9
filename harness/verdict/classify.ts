import { doubtOfReply } from '../model/answer.ts'
import type { Evidence } from '../model/evidence.ts'
import type { Graph } from '../model/graph.ts'
import type { Verdict, Why } from '../model/verdict.ts'
import { openCase, type Case, type Proof } from './case.ts'
import { proveReasons } from './reasons.ts'
import { tell } from './story.ts'

/** A verdict and the sentences that lead to it. */
export interface Judgement {
  readonly verdict: Verdict
  readonly story: readonly string[]
}

/**
 * Makes the verdict. `reached` needs the request seen arriving where the address lives, and that stack's own reply; `blocked`
 * needs exactly one proved reason and both ends shown alive; anything else is inconclusive and says why.
 */
export function judge(evidence: Evidence, graph: Graph): Judgement {
  const c = openCase(evidence, graph)
  const proofs = evidence.outcome.kind === 'reply' ? [] : proveReasons(c)
  const verdict = decide(c, proofs)
  return { verdict, story: tell(c, verdict, proofs) }
}

function decide(c: Case, proofs: readonly Proof[]): Verdict {
  const { evidence } = c
  const { outcome, probe } = evidence
  switch (outcome.kind) {
    case 'tool-missing':
    case 'namespace-missing':
      return inconclusive(outcome.kind, outcome.text)
    case 'failed':
      return inconclusive('prober-failed', outcome.text)
    case 'reply':
    case 'errno':
    case 'silence':
  }
  if (evidence.captureProblem !== undefined) return inconclusive('capture-failed', evidence.captureProblem)
  if (outcome.kind === 'reply') return confirmReply(c)
  const late = evidence.sightings.find((s) => s.kind === 'reply' && s.ns === probe.from && s.direction === 'in')
  const explained = proofs.some(
    (p) => p.reason === 'netfilter-drop' || p.reason === 'passthru-takes-all' || p.reason === 'reverse-path-filter',
  )
  if (late !== undefined && outcome.kind === 'silence' && !explained) {
    return inconclusive('contradictory', `no answer was reported, yet "${late.text}" came in at ${late.ns} ${late.dev}`)
  }
  return confirmBlock(c, proofs)
}

function confirmReply({ evidence, graph }: Case): Verdict {
  const doubt = doubtOfReply(evidence.probe, evidence.sightings, graph)
  return doubt === undefined ? { verdict: 'reached' } : inconclusive('contradictory', `a reply came, and ${doubt}`)
}

function confirmBlock(c: Case, proofs: readonly Proof[]): Verdict {
  const { controls, probe, findings } = c.evidence
  const [proof, ...others] = proofs
  if (proof === undefined) {
    if (findings.unknown !== undefined) return inconclusive('tool-missing', findings.unknown.join('; '))
    if (findings.untraceable !== undefined) return inconclusive('not-traceable', findings.untraceable.join('; '))
    if (probe.owner === undefined) return inconclusive('no-address', `nobody in the lab has ${probe.address}`)
    return inconclusive('unexplained', 'no answer came, and the evidence fits no reason of the catalogue')
  }
  if (others.length > 0)
    return inconclusive('ambiguous', `the evidence fits ${proofs.map((p) => p.reason).join(' and ')}`)
  const isAlive = (end: 'source' | 'target'): boolean => controls.some((k) => k.end === end && k.alive)
  if (!isAlive('source')) return inconclusive('no-control', `nothing shows that ${probe.from} sent anything`)
  // An address that nobody has is the finding itself; every other target must be shown alive.
  if (probe.owner !== undefined && !isAlive('target')) {
    const tried = controls.filter((k) => k.end === 'target').map((k) => k.text)
    return inconclusive('no-control', `nothing shows that ${probe.address} is alive: ${tried.join('; ')}`)
  }
  return { verdict: 'blocked', reason: proof.reason, at: proof.at }
}

function inconclusive(why: Why, detail: string): Verdict {
  return { verdict: 'inconclusive', why, detail }
}
