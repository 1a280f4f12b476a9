import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import type { CellResult } from '../model/results.ts'
import { reasonNames } from '../model/verdict.ts'
import { onBench, told, type Trial } from './testing/bench.ts'
import { filterTrials } from './testing/filter-trials.ts'
import { macvlanTrials } from './testing/macvlan-trials.ts'
import { pathTrials } from './testing/path-trials.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

const trials = { ...macvlanTrials, ...pathTrials, ...filterTrials }

describe.each(reasonNames)('%s', (reason) => {
  const { provoked, alike } = trials[reason] ?? { provoked: [], alike: [] }

  test('has a trial that provokes it and a look-alike', () => {
    expect(provoked.length).toBeGreaterThan(0)
    expect(provoked.every(({ is }) => is.startsWith(`${reason} at `))).toBe(true)
    expect(alike.length).toBeGreaterThan(0)
  })
  test.each(provoked)('is proved: $what', tryOut)
  test.each(alike)('look-alike: $what', tryOut)
})

async function tryOut(trial: Trial): Promise<void> {
  const cell = await onBench(machine, trial, async ({ hosts, measure }) => {
    await trial.given?.(hosts)
    return measure(trial)
  })
  expect(told(cell), cell.story.join('\n')).toBe(trial.is)
  checkEvidence(cell)
}

/** Every verdict rests on both ends and, where something did not happen, on a living control. */
function checkEvidence({ observed, evidence }: CellResult): void {
  const { probe, controls, sightings, captureProblem } = evidence
  if (observed.verdict === 'inconclusive') return
  expect(captureProblem).toBeUndefined()
  if (observed.verdict === 'reached') {
    const seen = (kind: string, ns: string | undefined, direction: string): boolean =>
      sightings.some((s) => s.kind === kind && s.ns === ns && s.direction === direction)
    expect(seen('request', probe.from, 'out'), 'the request left').toBe(true)
    expect(seen('request', probe.owner, 'in'), 'the request arrived').toBe(true)
    expect(seen('reply', probe.owner, 'out'), 'the reply left').toBe(true)
    expect(seen('reply', probe.from, 'in'), 'the reply arrived').toBe(true)
    return
  }
  const alive = (end: string): boolean => controls.some((control) => control.end === end && control.alive)
  expect(alive('source'), 'the source is shown alive').toBe(true)
  if (probe.owner !== undefined) expect(alive('target'), 'the target is shown alive').toBe(true)
  expect(evidence.outcome.kind).toMatch(/silence|errno/)
}
