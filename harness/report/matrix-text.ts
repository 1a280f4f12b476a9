import type { CellResult } from '../model/results.ts'
import type { Expected, Verdict } from '../model/verdict.ts'
import { verdictText } from '../model/verdict.ts'
import { gridsOf } from './cell-grid.ts'
import type { Grid } from './cell-grid.ts'
import { plain } from './colours.ts'
import type { Colours } from './colours.ts'
import { displayWidth, pad } from './display-width.ts'

/** How texts for a terminal are set. */
export interface TextOptions {
  /** Columns of the terminal; 80 unless told. */
  readonly width?: number
  readonly colours?: Colours
}

/** Short keys for long reasons: `--a`, explained once under the matrix, after a blank line. */
export interface Legend {
  mark(verdict: Verdict | Expected): string
  lines(colours: Colours): string[]
}

const letters = 'abcdefghijklmnopqrstuvwxyz'

/** A legend whose keys follow the order of the verdicts. */
export function createLegend(verdicts: readonly (Verdict | Expected)[]): Legend {
  const keys = new Map<string, string>()
  const keyOf = (text: string) => {
    const letter = letters[keys.size % 26] ?? ''
    const known = keys.get(text) ?? letter.repeat(1 + Math.floor(keys.size / 26))
    keys.set(text, known)
    return known
  }
  const mark = (verdict: Verdict | Expected) => {
    switch (verdict.verdict) {
      case 'reached':
        return 'ok'
      case 'blocked':
        return `--${keyOf(verdictText(verdict))}`
      case 'inconclusive':
        return `??${keyOf(verdictText(verdict))}`
    }
  }
  const marks = new Map(verdicts.map((verdict) => [mark(verdict), verdictText(verdict)]))
  marks.delete('ok')
  return {
    mark,
    lines: (colours) =>
      marks.size === 0 ? [] : ['', ...[...marks].map(([key, text]) => `  ${key}  ${colours.dim(text)}`)],
  }
}

/** What a place of the matrix shows: a padded mark in its colour. */
type Mark = (cell: CellResult | undefined) => { readonly text: string; readonly paint: (text: string) => string }

/** Marks of what was observed; `✗` before a cell that is not as expected. */
export function observedMark(legend: Legend, colours: Colours): Mark {
  return (cell) => {
    if (cell === undefined) return { text: ' ·', paint: colours.dim }
    const text = `${cell.met ? ' ' : '✗'}${legend.mark(cell.observed)}`
    return { text, paint: cell.met ? (cell.observed.verdict === 'reached' ? colours.green : plain.reset) : colours.red }
  }
}

/** Marks of what was expected, beside {@link observedMark}. */
export function expectedMark(legend: Legend, colours: Colours): Mark {
  return (cell) =>
    cell === undefined
      ? { text: ' ·', paint: colours.dim }
      : { text: `${cell.met ? ' ' : '✗'}${legend.mark(cell.expected)}`, paint: plain.reset }
}

/** Widths that fit every name and every mark of a grid. */
export function columnWidths(grid: Grid, marks: readonly Mark[]): number[] {
  return grid.columns.map((column) => {
    const texts = grid.rows.flatMap((row) => marks.map((mark) => mark(grid.at(row, column)).text))
    return Math.max(displayWidth(column) + 1, ...texts.map(displayWidth))
  })
}

/** The lines of a grid for a range of its columns; the names of the rows are filled to `rowWidth`. */
export function gridLines(
  grid: Grid,
  mark: Mark,
  { widths, rowWidth, from = 0, to = grid.columns.length }: GridLayout,
): string[] {
  const columns = grid.columns.slice(from, to)
  const width = (index: number) => widths[from + index] ?? 0
  const header = columns.map((column, index) => pad(` ${column}`, width(index))).join('  ')
  const body = grid.rows.map((row) => {
    const cells = columns.map((column, index) => {
      const { text, paint } = mark(grid.at(row, column))
      return paint(text) + ' '.repeat(width(index) - displayWidth(text))
    })
    return `  ${pad(row, rowWidth)}  ${cells.join('  ')}`
  })
  return [`  ${' '.repeat(rowWidth)}  ${header}`, ...body].map((line) => line.trimEnd())
}

interface GridLayout {
  readonly widths: readonly number[]
  readonly rowWidth: number
  readonly from?: number
  readonly to?: number
}

/** Ranges of columns that fit into `width`; at least one column each. */
export function columnBlocks(widths: readonly number[], width: number): [number, number][] {
  const blocks: [number, number][] = []
  let [start, used] = [0, 0]
  for (const [index, columnWidth] of widths.entries()) {
    if (index > start && used + columnWidth > width) {
      blocks.push([start, index])
      ;[start, used] = [index, 0]
    }
    used += columnWidth + 2
  }
  return [...blocks, [start, widths.length]]
}

/**
 * The matrix of an expectation as text: rows are sources, columns are destinations. `ok` is reached, `--a` blocked for
 * reason `a`, `??b` inconclusive, `·` not asked; `✗` stands before a cell that is not as expected. Wide matrices are
 * split into blocks of columns.
 */
export function matrixText(cells: readonly CellResult[], { width = 80, colours = plain }: TextOptions = {}): string {
  const legend = createLegend(cells.map(({ observed }) => observed))
  const mark = observedMark(legend, colours)
  const grids = gridsOf(cells)
  const lines = grids.flatMap((grid) => {
    const rowWidth = Math.max(...grid.rows.map(displayWidth))
    const widths = columnWidths(grid, [mark])
    const blocks = columnBlocks(widths, width - rowWidth - 4)
    const title = grids.length === 1 && grid.title === 'icmp, IPv4' ? [] : [`  ${colours.bold(grid.title)}`]
    const parts = blocks.map(([from, to]) => gridLines(grid, mark, { widths, rowWidth, from, to }))
    return [...title, ...parts.flatMap((part) => [...part, ''])]
  })
  return [...lines.slice(0, -1), ...legend.lines(colours)].join('\n')
}
