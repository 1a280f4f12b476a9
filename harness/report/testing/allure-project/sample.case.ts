import { describe, expect, test } from 'vitest'
import { sampleClaims, sampleScenarios } from '../sample-run.ts'

// What the suite API does: the result is on the task, the outcome is vitest's.
for (const result of sampleScenarios()) {
  test(`${result.suite} ${result.scenario}`, (context) => {
    Object.assign(context.task.meta, { netwright: result, netwrightClaims: sampleClaims })
    if (result.status === 'skipped') context.skip(result.skipReason)
    if (result.status === 'not met') throw new Error('not met')
  })
}

describe('plain tests', () => {
  test('passes with an annotation', async ({ annotate }) => {
    await annotate('measured with iproute2 6.1', 'note')
    expect(1).toBe(1)
  })
  test('fails', () => {
    expect(1).toBe(2)
  })
  test('is skipped with a reason', (context) => {
    context.skip('no IPv6 here')
  })
  test.skip('is skipped in the file', () => undefined)
  test.todo('is to do')
  let attempt = 0
  test('passes at the second attempt', { retry: 1 }, () => {
    expect((attempt += 1)).toBe(2)
  })
})
