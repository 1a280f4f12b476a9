import type { CellResult } from '../model/results.ts'
import type { PlannedCell } from './plan.ts'
import { sameCell } from './check-plan.ts'

/** One measured expectation. */
export interface Phase {
  /** What was declared. */
  readonly asked: readonly PlannedCell[]
  /** What of it this machine can carry. */
  readonly planned: readonly PlannedCell[]
  readonly results: readonly CellResult[]
}

/** Whether a cell that both phases measured changed between reached and blocked. */
export function hasFlipped(before: Phase, after: Phase): boolean {
  return after.planned.some((cell, i) => {
    const at = before.planned.findIndex((other) => sameCell(cell, other))
    const [was, is] = [before.results[at]?.observed.verdict, after.results[i]?.observed.verdict]
    return was !== undefined && is !== undefined && was !== is && was !== 'inconclusive' && is !== 'inconclusive'
  })
}

/** Whether a cell that neither phase could measure on this machine may be the one that flipped. */
export function mayHaveFlipped(before: Phase, after: Phase): boolean {
  const leftOut = ({ asked, planned }: Phase): PlannedCell[] => asked.filter((cell) => !planned.includes(cell))
  return leftOut(after).some((cell) => leftOut(before).some((other) => sameCell(cell, other)))
}
