import type { CellResult } from '../../harness/model/results.ts'
import type { Mutation } from './mutations.ts'

/**
 * What was captured in a broken lab shows that a broken device carries nothing of what was measured: every request was seen coming
 * in at its target and every reply at its source, and no frame of any on that device. So siblings of ipvlan talk while
 * their parent is down: their driver switches between them by itself (ipvlan_rcv_frame). Undefined when the capture does not show
 * it of every cell, or when a cell is a negative, which might have become one for another reason.
 */
export function gonePast(spot: Mutation['spot'], cells: readonly CellResult[]): string | undefined {
  if (spot === undefined || cells.length === 0 || !cells.every((cell) => wentPast(spot, cell))) return undefined
  const ways = cells.map(({ from, to, proto, family }) => `${from} → ${to} (${proto}, IPv${String(family)})`)
  return `captured at both ends, and nowhere on ${spot.ns} ${spot.dev}: ${ways.join(', ')}`
}

function wentPast(spot: NonNullable<Mutation['spot']>, { observed, evidence }: CellResult): boolean {
  const { probe, sightings } = evidence
  const came = (kind: 'request' | 'reply', ns: string | undefined): boolean =>
    sightings.some((s) => s.kind === kind && s.ns === ns && s.direction === 'in')
  const touched = sightings.some((s) => s.ns === spot.ns && s.dev === spot.dev)
  return observed.verdict === 'reached' && came('request', probe.owner) && came('reply', probe.from) && !touched
}
