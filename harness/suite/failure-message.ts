import type { ScenarioResult } from '../model/results.ts'
import { failureText } from '../report/failure-text.ts'

/** What a failing scenario prints: errors, the matrices with the wrong cells, and the story of each. */
export function failureMessage(result: ScenarioResult): string {
  const parts = [`${result.scenario} was not met`]
  for (const failure of result.failures) {
    if (failure.code !== 'NETWRIGHT_EXPECTATION_NOT_MET') parts.push(failure.message)
  }
  for (const step of result.steps) {
    if (step.kind === 'expect' && step.cells.some((c) => !c.met)) parts.push(failureText(step))
    if (step.kind === 'finding' && !step.met) {
      const expected = step.expected ? 'holds' : 'does not hold'
      const measured = step.measured === 'inconclusive' ? 'inconclusive' : step.measured ? 'holds' : 'does not hold'
      parts.push(`finding "${step.title}": expected that it ${expected}, measured: ${measured}\n  found: ${step.found}`)
    }
  }
  if (result.unmeasured.length > 0) parts.push(`never measured:\n  ${result.unmeasured.join('\n  ')}`)
  return parts.join('\n\n')
}
