import { fstatSync, writeSync } from 'node:fs'
import type { RunResult } from '../model/results.ts'
import { totalsOf } from '../report/summary-text.ts'

/** Tells `npm test` how many scenarios ended how (scripts/stages.mjs). */
export function writeTally(run: RunResult): void {
  const descriptor = Number(process.env['NETWRIGHT_TALLY_FD'] ?? Number.NaN)
  if (!Number.isInteger(descriptor)) return
  const { met, notMet, skipped } = totalsOf(run.scenarios)
  try {
    // The variable is inherited further down than the descriptor, whose number may stand for anything there.
    const kind = fstatSync(descriptor)
    if (!kind.isSocket() && !kind.isFIFO()) return
    writeSync(descriptor, JSON.stringify({ passed: met, failed: notMet, skipped }))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EBADF')) throw error
  }
}
