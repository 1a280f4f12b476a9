import { expect, test } from 'vitest'
import { topology } from '../../lab/topology.ts'
import type { ScenarioResult } from '../../model/results.ts'
import { underlay } from '../../model/underlay.ts'
import { blocked, reached } from '../../model/verdict.ts'
import { runScenario } from '../../suite/run-scenario.ts'
import { planScenario } from '../../suite/scenario-builder.ts'
import type { Subject } from './subject.ts'

const twoSubnets = topology('two subnets on one wire', {
  underlay: underlay()
    .wire('lan', '10.0.0.0/16')
    .host('a', { eth0: 'lan 10.0.1.1/24' })
    .host('b', { eth0: 'lan 10.0.1.2/24' })
    .host('c', { eth0: 'lan 10.0.2.3/24' }),
})

/** `a → b: reached`, cell by cell. */
function observed(result: ScenarioResult): readonly string[] {
  const cells = result.steps.flatMap((step) => (step.kind === 'expect' ? step.cells : []))
  return cells.map(({ from, to, observed: seen }) => {
    const why = seen.verdict === 'blocked' ? ` (${seen.reason} at ${seen.at})` : ''
    return `${from} → ${to}: ${seen.verdict}${why}`
  })
}

/** Labs, and verdicts with their evidence. */
export function labTests(subject: Subject): void {
  test('carries a scenario: who is reached, who is blocked and why, and a remedy that cures it', async () => {
    const { plan, builder } = planScenario(twoSubnets, 'two subnets', {})
    builder
      .expect({ a: { b: reached, c: blocked('no-route', { at: 'a' }) } })
      .until(
        'each learns that the other’s subnet is on its wire',
        async ({ a, c }) => {
          await a.$`ip route add 10.0.2.0/24 dev eth0`
          await c.$`ip route add 10.0.1.0/24 dev eth0`
        },
        async ({ a, c }) => {
          await a.$`ip route del 10.0.2.0/24 dev eth0`
          await c.$`ip route del 10.0.1.0/24 dev eth0`
        },
      )
      .expect({ a: { c: reached } })
      .andBack()
    const result = await runScenario(plan, await subject.machine(), { suite: 'conformance' })
    expect(result.failures).toEqual([])
    expect(result.status).toBe('met')
    const cold = ['a → b: reached', 'a → c: blocked (no-route at a)']
    expect(observed(result)).toEqual([...cold, 'a → c: reached', ...cold])
    expect(result.machine.kernel).toBe((await subject.machine()).facts.kernel)
  })

  test('does not meet what is not so', async () => {
    const { plan, builder } = planScenario(twoSubnets, 'wrong', {})
    builder.expect({ a: { b: blocked('neighbour-unanswered'), c: reached } })
    const result = await runScenario(plan, await subject.machine(), { suite: 'conformance' })
    expect(result.status).toBe('not met')
    expect(observed(result)).toEqual(['a → b: reached', 'a → c: blocked (no-route at a)'])
  })
}
