import { expect } from 'vitest'
import type { Machine } from '../../machines/machine.ts'
import { onBench, told, type Trial } from './bench.ts'
import { checkEvidence, checkLateness } from './check-evidence.ts'

/** Measures a trial's cell on a machine: what comes of it, its evidence, and that late frames would not be taken for lost. */
export async function tryOut(machine: Machine, trial: Trial): Promise<void> {
  const [cell, graph] = await onBench(machine, trial, async ({ hosts, lab, measure }) => {
    await trial.given?.(hosts)
    return [await measure(trial), await lab.graph()] as const
  })
  expect(told(cell), cell.story.join('\n')).toBe(trial.is)
  if (trial.tells !== undefined) expect(cell.story.join('\n')).toContain(trial.tells)
  checkEvidence(cell)
  checkLateness(cell, graph)
}
