import type { CellResult, StepResult } from '../model/results.ts'
import { channelName, gridsOf } from './cell-grid.ts'
import type { Grid } from './cell-grid.ts'
import { plain } from './colours.ts'
import type { Colours } from './colours.ts'
import { displayWidth, hanging, pad } from './display-width.ts'
import { fullVerdictText } from './evidence-text.ts'
import { columnBlocks, columnWidths, createLegend, expectedMark, gridLines, observedMark } from './matrix-text.ts'
import type { Legend, TextOptions } from './matrix-text.ts'

type Expectation = Extract<StepResult, { kind: 'expect' | 'finding' }>

/**
 * Why an expectation is not met, as the message of a failing test: both matrices, aligned, wrong cells marked `✗`, and
 * under them the story of each wrong cell.
 */
export function failureText(step: Expectation, { width = 80, colours = plain }: TextOptions = {}): string {
  if (step.kind === 'finding') return findingText(step, width, colours)
  const wrong = step.cells.filter(({ met }) => !met)
  const channels = new Set(wrong.map(channelName))
  const shown = step.cells.filter((cell) => channels.has(channelName(cell)))
  const legend = createLegend(shown.flatMap(({ expected, observed }) => [expected, observed]))
  const grids = gridsOf(shown)
  const matrices = grids.flatMap((grid) => [
    `  ${colours.bold(grid.title)}`,
    ...twoMatrices(grid, legend, width, colours),
    '',
  ])
  const cells = `${step.cells.length} ${step.cells.length === 1 ? 'cell' : 'cells'}`
  return [
    `${step.title}: ${wrong.length} of ${cells} ${wrong.length === 1 ? 'is' : 'are'} not as expected`,
    '',
    ...matrices.slice(0, -1),
    ...legend.lines(colours),
    ...wrong.flatMap((cell) => ['', ...storyLines(cell, width, colours)]),
  ].join('\n')
}

/** Side by side where both fit, else one under the other with the same columns, less what is all as expected. */
function twoMatrices(grid: Grid, legend: Legend, width: number, colours: Colours): string[] {
  const [expected, observed] = [expectedMark(legend, colours), observedMark(legend, colours)]
  const layout = (of: Grid) => ({
    widths: columnWidths(of, [expected, observed]),
    rowWidth: Math.max(...['observed', ...of.rows].map(displayWidth)),
  })
  const left = titled('expected', gridLines(grid, expected, layout(grid)))
  const right = titled('observed', gridLines(grid, observed, layout(grid)))
  const leftWidth = Math.max(...left.map(displayWidth))
  if (leftWidth + 4 + Math.max(...right.map(displayWidth)) <= width) {
    return left.map((line, index) => `${pad(line, leftWidth)}    ${right[index] ?? ''}`.trimEnd())
  }
  const wrong = wrongPart(grid)
  const { widths, rowWidth } = layout(wrong)
  const blocks = columnBlocks(widths, width - rowWidth - 4).flatMap(([from, to]) => [
    ...titled('expected', gridLines(wrong, expected, { widths, rowWidth, from, to })),
    ...titled('observed', gridLines(wrong, observed, { widths, rowWidth, from, to })),
  ])
  const [rows, columns] = [grid.rows.length - wrong.rows.length, grid.columns.length - wrong.columns.length]
  return rows + columns === 0
    ? blocks
    : [...blocks, colours.dim(`  (${rows} rows and ${columns} columns that are all as expected are left out)`)]
}

/** The rows and columns that hold a wrong cell. */
function wrongPart(grid: Grid): Grid {
  const isWrong = (row: string, column: string) => grid.at(row, column)?.met === false
  return {
    ...grid,
    rows: grid.rows.filter((row) => grid.columns.some((column) => isWrong(row, column))),
    columns: grid.columns.filter((column) => grid.rows.some((row) => isWrong(row, column))),
  }
}

/** Puts a word into the empty corner of a matrix. */
function titled(title: string, [header = '', ...body]: readonly string[]): string[] {
  return [`  ${title}${header.slice(2 + title.length)}`, ...body]
}

/** One wrong cell: what was expected and observed, and the story of the verdict, sentence by sentence. */
function storyLines(cell: CellResult, width: number, colours: Colours): string[] {
  const address = cell.to === cell.address ? '' : ` ${cell.address}`
  return [
    `${colours.red('✗')} ${colours.bold(`${cell.from} → ${cell.to}`)}${address} (${channelName(cell)})`,
    ...hanging('    expected  ', fullVerdictText(cell.expected), width),
    ...hanging('    observed  ', fullVerdictText(cell.observed), width),
    ...cell.story.flatMap((sentence) => hanging('    - ', sentence, width)),
  ]
}

function findingText(step: Extract<StepResult, { kind: 'finding' }>, width: number, colours: Colours): string {
  const word = (holds: boolean | 'inconclusive') =>
    holds === 'inconclusive' ? 'inconclusive' : holds ? 'holds' : 'does not hold'
  return [
    `${colours.red('✗')} ${colours.bold(step.title)}`,
    `    expected  ${word(step.expected)}`,
    `    observed  ${word(step.measured)}`,
    `    document  ${step.holds ? 'says so' : 'says the contrary'}`,
    ...hanging('    - ', step.found, width),
  ].join('\n')
}
