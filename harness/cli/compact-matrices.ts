import type { CellResult, ScenarioResult, StepResult } from '../model/results.ts'
import { verdictText } from '../model/verdict.ts'
import { channelName } from '../report/cell-grid.ts'
import { hanging } from '../report/display-width.ts'
import { matrixText, type TextOptions } from '../report/matrix-text.ts'
import { plain } from '../report/colours.ts'

/**
 * What the scenarios of a suite measured, short: per topology and condition one matrix of what held first, and a line
 * for each remedy that changed something.
 */
export function compactMatrices(scenarios: readonly ScenarioResult[], options: TextOptions = {}): string {
  const { colours = plain } = options
  const ran = scenarios.filter(({ steps }) => steps.some(({ kind }) => kind === 'expect'))
  return [...Map.groupBy(ran, ({ suite }) => suite)]
    .flatMap(([suite, ofSuite]) => [
      colours.bold(suite),
      ...[...Map.groupBy(ofSuite, groupName)].flatMap(([name, group]) => ['', ...groupLines(name, group, options)]),
      '',
    ])
    .join('\n')
    .trimEnd()
}

const groupName = ({ topology, when }: ScenarioResult) => (when === undefined ? topology : `${topology}, ${when}`)

function groupLines(name: string, group: readonly ScenarioResult[], options: TextOptions): string[] {
  const { width = 80, colours = plain } = options
  const cells = new Map<string, CellResult>()
  for (const cell of group.flatMap(({ steps }) => expectations(steps)[0]?.cells ?? [])) {
    const key = cellKey(cell)
    const known = cells.get(key)
    // A wrong cell must not hide behind a right one of another scenario.
    if (known === undefined || (known.met && !cell.met)) cells.set(key, cell)
  }
  const flips = group.flatMap((scenario) => flipTexts(scenario.steps))
  return [
    `  ${colours.dim(name)}`,
    matrixText([...cells.values()], options),
    ...flips.flatMap((text) => hanging('  > ', text, width)),
  ]
}

type Expectation = Extract<StepResult, { kind: 'expect' }>
const expectations = (steps: readonly StepResult[]) =>
  steps.filter((step): step is Expectation => step.kind === 'expect')
const cellKey = (cell: CellResult) => `${cell.from} → ${cell.to} ${channelName(cell)}`

/** `until X: ns1 → node1 is reached`, for each remedy and what it changed. */
function flipTexts(steps: readonly StepResult[]): string[] {
  const before = new Map<string, string>()
  let remedy = ''
  return steps.flatMap((step) => {
    if (step.kind === 'remedy') remedy = step.title
    if (step.kind === 'undo') remedy = ''
    if (step.kind !== 'expect') return []
    const changed = step.cells.filter((cell) => {
      const was = before.get(cellKey(cell))
      return was !== undefined && was !== verdictText(cell.observed)
    })
    for (const cell of step.cells) before.set(cellKey(cell), verdictText(cell.observed))
    if (remedy === '' || changed.length === 0) return []
    const texts = changed.map((cell) => `${cell.from} → ${cell.to} ${verdictText(cell.observed)}`)
    return [`${remedy}: ${[...new Set(texts)].join(', ')}`]
  })
}

/** Everything that the scenarios measured, step by step. */
export function fullMatrices(scenarios: readonly ScenarioResult[], options: TextOptions = {}): string {
  const { colours = plain } = options
  return scenarios
    .filter(({ steps }) => steps.length > 0)
    .map((scenario) =>
      [
        `${colours.bold(scenario.suite)}: ${scenario.scenario}`,
        ...scenario.steps.flatMap((step) => stepLines(step, options)),
      ].join('\n'),
    )
    .join('\n\n')
}

function stepLines(step: StepResult, options: TextOptions): string[] {
  const { width = 80, colours = plain } = options
  switch (step.kind) {
    case 'build':
      return []
    case 'expect':
      return ['', `  ${colours.dim(step.title)}`, matrixText(step.cells, options)]
    case 'remedy':
    case 'undo':
      return ['', `  ${colours.cyan(step.title)}`]
    case 'finding': {
      const holds = step.measured === 'inconclusive' ? 'inconclusive' : step.measured ? 'holds' : 'does not hold'
      return ['', ...hanging('  ', `${step.title}: ${holds}, ${step.found}`, width)]
    }
  }
}
