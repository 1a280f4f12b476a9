import type { Sighting } from '../model/evidence.ts'
import { protocolName } from '../model/probe.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Case, Proof } from './case.ts'

/** The verdict's story: what was sent, how far it was seen, what was waited for, and what the evidence supports. */
export function tell(c: Case, verdict: Verdict, proofs: readonly Proof[]): string[] {
  const { evidence } = c
  const { probe, outcome, sightings, controls } = evidence
  const story = [
    `${probe.from} probed ${probe.address}${probe.owner === undefined ? '' : ` (${probe.owner})`} by ${protocolName(probe.protocol)}, IPv${String(probe.family)}.`,
  ]
  const forth = sightings.filter((s) => s.kind === 'solicit' || s.kind === 'request')
  const back = sightings.filter((s) => s.kind === 'reply' || s.kind === 'advert')
  const farthest = forth.at(-1)
  if (farthest === undefined) story.push('No frame of it was seen on any device.')
  else story.push(`${path(forth)}; last seen going ${where(farthest)}: ${farthest.text}.`)
  const answer = back.at(-1)
  if (answer !== undefined && outcome.kind !== 'reply')
    story.push(`An answer was last seen going ${where(answer)}: ${answer.text}.`)
  switch (outcome.kind) {
    case 'reply':
      story.push(`The reply came after ${evidence.ms.toFixed(1)} ms.`)
      break
    case 'errno':
      story.push(`The prober was refused with ${outcome.errno}: ${outcome.text}.`)
      break
    case 'silence':
      story.push(`No answer after ${evidence.ms.toFixed(0)} ms, when its frames had stopped.`)
      break
    case 'failed':
    case 'namespace-missing':
    case 'tool-missing':
      story.push(`${outcome.text}.`)
  }
  const failed = evidence.neighbours.find((n) => n.ns === probe.from && n.state === 'FAILED')
  if (failed !== undefined) story.push(`Neighbour ${failed.address} on ${failed.ns} ${failed.dev} is FAILED.`)
  for (const { ns, to, rule } of evidence.findings.routes ?? []) {
    if (rule === undefined) continue
    story.push(`${ns} finds no route to ${to}, which may be by its rule and not for want of one (${rule}).`)
  }
  for (const control of controls) story.push(`Control: ${control.text}.`)
  for (const proof of proofs) story.push(`Supports ${proof.reason} at ${proof.at}: ${proof.because}.`)
  if (verdict.verdict === 'inconclusive') story.push(`Inconclusive (${verdict.why}): ${verdict.detail}.`)
  return story
}

/** The devices that the request, or the question for its next hop, was seen on, in order. */
function path(forth: readonly Sighting[]): string {
  const spots: string[] = []
  for (const s of forth) {
    const spot = `${s.ns} ${s.dev}`
    if (spots.at(-1) !== spot && !spots.includes(spot)) spots.push(spot)
  }
  return `Seen on ${spots.join(' → ')}`
}

function where(s: Sighting): string {
  return s.direction === 'out' ? `out of ${s.ns} ${s.dev}` : `into ${s.ns} ${s.dev}`
}
