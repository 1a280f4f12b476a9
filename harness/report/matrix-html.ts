import type { CellResult, StepResult } from '../model/results.ts'
import { gridsOf } from './cell-grid.ts'
import type { Grid } from './cell-grid.ts'
import { evidenceText, fullVerdictText } from './evidence-text.ts'
import { escapeHtml, htmlPage } from './html-page.ts'

/**
 * The matrix of an expectation as a self-contained page: a table per protocol and family, in words as well as in
 * colours, the story of a cell as its tooltip, and under the tables the evidence of every cell to unfold (the wrong
 * ones are open).
 */
export function matrixHtml(step: Extract<StepResult, { kind: 'expect' }>): string {
  const wrong = step.cells.filter(({ met }) => !met).length
  const said = wrong === 0 ? 'All cells are as expected' : `${wrong} of ${step.cells.length} cells not as expected`
  return htmlPage(
    step.title,
    [
      `<h1>${escapeHtml(step.title)}</h1><p>${said}. Rows are sources, columns are destinations.</p>`,
      ...gridsOf(step.cells).map(tableOf),
      '<h2>Evidence</h2>',
      ...step.cells.map(evidenceOf),
    ].join('\n'),
  )
}

function tableOf(grid: Grid): string {
  const head = grid.columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('')
  const rows = grid.rows.map((row) => {
    const cells = grid.columns.map((column) => cellOf(grid.at(row, column))).join('')
    return `<tr><th scope="row">${escapeHtml(row)}</th>${cells}</tr>`
  })
  return [
    `<table><caption>${escapeHtml(grid.title)}</caption>`,
    `<thead><tr><td>from \\ to</td>${head}</tr></thead>`,
    `<tbody>${rows.join('\n')}</tbody></table>`,
  ].join('\n')
}

function cellOf(cell: CellResult | undefined): string {
  if (cell === undefined) return '<td class="none" title="not asked">·</td>'
  const story = escapeHtml(cell.story.join('\n'))
  const expected = cell.met ? '' : `<small>expected ${escapeHtml(fullVerdictText(cell.expected))}</small>`
  const says = cell.documentSays
  const document = says === undefined ? '' : `<small>document: ${escapeHtml(fullVerdictText(says))}</small>`
  return `<td class="${classOf(cell)}" title="${story}">${cell.met ? '' : '<strong>✗ </strong>'}${wordsOf(cell)}${expected}${document}</td>`
}

function classOf({ met, observed }: CellResult): string {
  if (!met) return 'wrong'
  switch (observed.verdict) {
    case 'reached':
      return 'ok'
    case 'blocked':
      return 'blocked'
    case 'inconclusive':
      return 'unsure'
  }
}

function wordsOf({ observed, address, to }: CellResult): string {
  const where = to === address ? '' : `<small>${escapeHtml(address)}</small>`
  switch (observed.verdict) {
    case 'reached':
      return `reached${where}`
    case 'blocked':
      return `blocked: ${escapeHtml(observed.reason)}<small>at ${escapeHtml(observed.at)}</small>${where}`
    case 'inconclusive':
      return `inconclusive: ${escapeHtml(observed.why)}<small>${escapeHtml(observed.detail)}</small>${where}`
  }
}

function evidenceOf(cell: CellResult): string {
  const [title = '', ...lines] = evidenceText(cell).split('\n')
  const mark = cell.met ? '' : '<span class="wrong-mark">✗ </span>'
  const summary = `${mark}${escapeHtml(title)} — ${escapeHtml(fullVerdictText(cell.observed))}`
  return `<details${cell.met ? '' : ' open'}><summary>${summary}</summary><pre>${escapeHtml(lines.join('\n'))}</pre></details>`
}
