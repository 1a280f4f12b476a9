import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { reasonNames } from '../model/verdict.ts'
import { answerTrials } from './testing/answer-trials.ts'
import { bystanderTrials } from './testing/bystander-trials.ts'
import { filterTrials } from './testing/filter-trials.ts'
import { ipvlanTrials } from './testing/ipvlan-trials.ts'
import { macvlanTrials } from './testing/macvlan-trials.ts'
import { pathTrials } from './testing/path-trials.ts'
import { policyTrials } from './testing/policy-trials.ts'
import { tryOut } from './testing/try-out.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

const trials = { ...macvlanTrials, ...pathTrials, ...filterTrials }

// What only ipvlan can provoke is tried where the kernel surely has it: reasons.vm.test.ts.
const elsewhere = reasonNames.filter((reason) => trials[reason] === undefined)

test.each(elsewhere)('%s has a trial that provokes it and a look-alike on a VM', (reason) => {
  const { provoked, alike } = ipvlanTrials[reason] ?? { provoked: [], alike: [] }
  expect(provoked.length).toBeGreaterThan(0)
  expect(provoked.every(({ is }) => is.startsWith(`${reason} at `))).toBe(true)
  expect(alike.length).toBeGreaterThan(0)
})

describe.each(reasonNames.filter((reason) => !elsewhere.includes(reason)))('%s', (reason) => {
  const { provoked, alike } = trials[reason] ?? { provoked: [], alike: [] }

  test('has a trial that provokes it and a look-alike', () => {
    expect(provoked.length).toBeGreaterThan(0)
    expect(provoked.every(({ is }) => is.startsWith(`${reason} at `))).toBe(true)
    expect(alike.length).toBeGreaterThan(0)
  })
  test.each(provoked)('is proved: $what', (trial) => tryOut(machine, trial))
  test.each(alike)('look-alike: $what', (trial) => tryOut(machine, trial))
})

describe('whose answer it was', () => {
  test.each(answerTrials)('$what', (trial) => tryOut(machine, trial))
})

describe('what rules decide about routes', () => {
  test.each(policyTrials)('$what', (trial) => tryOut(machine, trial))
})

describe('whose packet it was', () => {
  test.each(bystanderTrials)('$what', (trial) => tryOut(machine, trial))
})
