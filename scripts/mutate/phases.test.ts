import { expect, test } from 'vitest'
import { blocked, reached, topology, underlay } from '../../harness/index.ts'
import { checkPlan } from '../../harness/suite/check-plan.ts'
import { planScenario } from '../../harness/suite/scenario-builder.ts'
import { phasesOf } from './phases.ts'

const pair = topology('pair', {
  underlay: underlay()
    .wire('lan', '10.0.0.0/24')
    .host('a', { eth0: 'lan 10.0.0.1/24' })
    .host('b', { eth0: 'lan 10.0.0.2/24' }),
})
const nothing = () => Promise.resolve()

test('going back is the undo, and then what was expected before the remedy', () => {
  const { plan, builder } = planScenario(pair, 'there and back', {})
  builder
    .expect({ a: { b: blocked('no-route') } }, { as: 'at first' })
    .until('one', nothing, nothing)
    .expect({ a: { b: reached } }, { as: 'with one' })
    .andBack()
    .until('two', nothing, nothing)
    .expect({ a: { b: reached } }, { as: 'with two' })
    .andBack()
  expect(checkPlan(plan)).toEqual([])
  const phases = phasesOf(plan.steps)
  expect(phases.map(({ title, expectation }) => `${title}: ${expectation.title}`)).toEqual([
    'at first: at first',
    'with one: with one',
    'and back: at first',
    'with two: with two',
    'and back: at first',
  ])
  const told = phases.map(({ before }) => before.map((step) => ('title' in step ? step.title : step.kind)).join(', '))
  expect(told[2]).toBe('at first, one, with one, undo: one')
  expect(told[4]).toBe('at first, one, with one, back, two, with two, undo: two')
})
