import type { ScenarioResult, StepResult } from '../model/results.ts'
import { fullVerdictText } from './evidence-text.ts'
import { failureText } from './failure-text.ts'
import type { TextOptions } from './matrix-text.ts'

type Expectation = Extract<StepResult, { kind: 'expect' | 'finding' }>

/** The steps of a scenario that are not as expected. */
function wrongSteps({ steps }: ScenarioResult): Expectation[] {
  return steps.flatMap((step): Expectation[] => {
    switch (step.kind) {
      case 'expect':
        return step.cells.every(({ met }) => met) ? [] : [step]
      case 'finding':
        return step.met ? [] : [step]
      case 'build':
      case 'remedy':
      case 'undo':
        return []
    }
  })
}

/** Failures that the steps do not show by themselves: scripts that failed, remedies that were not needed. */
function otherFailures(scenario: ScenarioResult): string[] {
  const shown = wrongSteps(scenario).length > 0
  return scenario.failures.flatMap(({ code, message }) =>
    shown && code === 'NETWRIGHT_EXPECTATION_NOT_MET' ? [] : [message],
  )
}

const neverMeasured = ({ unmeasured }: ScenarioResult) =>
  unmeasured.map((cell) => `${cell} was expected but never measured`)

/** All that is wrong with a scenario: errors, then both matrices and the stories of each expectation, then gaps. */
export function scenarioFailureText(scenario: ScenarioResult, options: TextOptions = {}): string {
  const wrong = wrongSteps(scenario).map((step) => failureText(step, options))
  return [...otherFailures(scenario), ...wrong, ...neverMeasured(scenario)].join('\n\n')
}

/** What of a scenario the machine could not carry: `2 cells not measured: IPv6 is disabled in the kernel`. */
export function leftOutText({ leftOut }: ScenarioResult): string | undefined {
  if (leftOut === undefined) return undefined
  const { length } = leftOut.cells
  return `${length} ${length === 1 ? 'cell' : 'cells'} not measured: ${leftOut.reason}`
}

/** A line for everything that is wrong, without matrices: `before: ns1 → node1 is reached, expected blocked: …`. */
export function failureHeadlines(scenario: ScenarioResult): string[] {
  const first = (text: string) => text.split('\n', 1)[0] ?? ''
  return [...otherFailures(scenario).map(first), ...wrongSteps(scenario).map(headline), ...neverMeasured(scenario)]
}

function headline(step: Expectation): string {
  if (step.kind === 'finding') {
    const is = step.measured === 'inconclusive' ? 'could not be checked' : step.measured ? 'holds' : 'does not hold'
    return `“${step.title}” ${is}, expected that it ${step.expected ? 'holds' : 'does not'}: ${step.found}`
  }
  const [cell, ...more] = step.cells.filter(({ met }) => !met)
  if (cell === undefined) return step.title
  const others = more.length === 0 ? '' : ` (and ${more.length} more ${more.length === 1 ? 'cell' : 'cells'})`
  const said = `${fullVerdictText(cell.observed)}, expected ${fullVerdictText(cell.expected)}`
  return `${step.title}: ${cell.from} → ${cell.to} is ${said}${others}`
}
