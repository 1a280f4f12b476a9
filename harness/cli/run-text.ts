import type { ClaimResult, RunResult } from '../model/results.ts'
import { hanging } from '../report/display-width.ts'
import { machineName, summaryText } from '../report/summary-text.ts'
import { scenarioFailureText } from '../report/scenario-failure.ts'
import { compactMatrices, fullMatrices } from './compact-matrices.ts'
import type { Terminal } from './terminal.ts'

export interface ResultTextOptions {
  readonly terminal: Pick<Terminal, 'colours' | 'width'>
  readonly verbose: boolean
  /** Whether nothing was left out on purpose: then untested claims are worth a line. */
  readonly everything: boolean
  /** Where the report is. */
  readonly page?: string
}

/** What a finished run prints: matrices, failures, claims, where the report is, and in the last line the counts. */
export function resultText(run: RunResult, { terminal, verbose, everything, page }: ResultTextOptions): string {
  const options = { width: terminal.width, colours: terminal.colours }
  const matrices = verbose ? fullMatrices(run.scenarios, options) : compactMatrices(run.scenarios, options)
  const failures = run.scenarios
    .filter(({ status }) => status === 'not met')
    .map(
      (result) => terminal.colours.red('✗ ') + `${result.suite}: ${result.scenario}\n\n${scenarioFailureText(result)}`,
    )
  const [shown, left] = everything ? [run.claims, 0] : testedClaims(run.claims)
  return [
    ...(matrices === '' ? [] : [matrices]),
    ...failures,
    ...(left === 0 ? [] : [`${String(left)} more claims of these documents were not part of this run.`]),
    ...placesText(run, terminal),
    ...(page === undefined ? [] : [`Report: ${page}`]),
    summaryText({ ...run, claims: shown }, options),
  ].join('\n\n')
}

/** Where scenarios ran and why, when that was not in one place. */
function placesText({ scenarios }: RunResult, { colours, width }: ResultTextOptions['terminal']): string[] {
  const moved = scenarios.filter(({ movedBecause }) => movedBecause !== undefined)
  if (moved.length === 0) return []
  const ran = scenarios.filter(({ status }) => status !== 'skipped')
  const lines = [...Map.groupBy(ran, ({ machine }) => machineName(machine))].flatMap(([name, those]) => {
    const reasons = [...Map.groupBy(those, ({ movedBecause }) => movedBecause)].flatMap(([reason, { length }]) =>
      reason === undefined ? [] : hanging(`${String(length).padStart(8)}  `, reason, width),
    )
    return [
      `  ${name}: ${those.length} scenarios${reasons.length === 0 ? '' : ', because on this machine the'}`,
      ...reasons,
    ]
  })
  return [[colours.bold('Where it ran'), ...lines].join('\n')]
}

function testedClaims(claims: readonly ClaimResult[]): [ClaimResult[], number] {
  const tested = claims.filter(({ status }) => status !== 'not tested')
  return [tested, claims.length - tested.length]
}
