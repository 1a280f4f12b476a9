import { escapeHtml, htmlPage } from './html-page.ts'
import { secondsText } from './summary-text.ts'
import type { SupportMachine, SupportRow, SupportStatus, SupportTable } from './support-schema.ts'
import { differencesIn, groundsOf, shortName, testedRows } from './support-table.ts'
import { marks } from './support-text.ts'

/** The support table as a self-contained page; each cell opens to its ground. */
export function supportHtml(table: SupportTable): string {
  const [rows, untested] = testedRows(table)
  const heads = ['Claim', 'What it says', ...table.machines.map(({ name }) => name)]
  const documents = [...Map.groupBy(rows, ({ document }) => document)].map(([document, claims]) =>
    [
      `<h2>${escapeHtml(claims[0]?.documentTitle ?? document)}</h2>`,
      tableHtml(document, heads, claims.map(rowHtml)),
    ].join('\n'),
  )
  const differing = differencesIn(table).map(({ id }) => id)
  const body = [
    '<h1>Support table</h1>',
    tableHtml(
      'machines',
      ['Machine', 'Kernel', 'Userland', 'Met', 'Not met', 'Skipped', 'Time'],
      table.machines.map(machineHtml),
    ),
    ...(differing.length === 0 ? [] : [`<p>Machines differ on ${escapeHtml(differing.join(', '))}.</p>`]),
    ...documents,
    ...groundsHtml(table),
    ...(untested === 0 ? [] : [`<p>${untested} more of these documents’ claims: not tested.</p>`]),
    `<p>netwright ${escapeHtml(table.netwright)}, ${escapeHtml(table.startedAt)}, ${secondsText(table.ms)}</p>`,
  ]
  return htmlPage('Support table', body.join('\n'))
}

function tableHtml(caption: string, heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  return `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function machineHtml({ name, facts, notRun, met, notMet, skipped, ms }: SupportMachine): string {
  const head = `<tr><th scope="row">${escapeHtml(name)}</th>`
  if (facts === null)
    return `${head}<td class="wrong" colspan="6">not run: <pre>${escapeHtml(notRun ?? '')}</pre></td></tr>`
  const cells = [
    facts.kernel,
    `${facts.distro}, ${facts.arch}`,
    String(met),
    String(notMet),
    String(skipped),
    secondsText(ms),
  ]
  return `${head}${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
}

function rowHtml({ id, document, says, cells }: SupportRow): string {
  const answers = cells.map(
    ({ status, because }) =>
      `<td class="${classOf(status)}"><details><summary>${marks[status]} ${status}</summary>${escapeHtml(because)}</details></td>`,
  )
  return `<tr><th scope="row">${escapeHtml(shortName(id, document))}</th><td>${withCode(says)}</td>${answers.join('')}</tr>`
}

/** Claims are written with backquotes around what is typed. */
const withCode = (text: string) => escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')

function groundsHtml(table: SupportTable): string[] {
  return [...Map.groupBy(groundsOf(table), ({ status }) => status)].map(([status, grounds]) =>
    [
      `<h2>${marks[status]} ${status}</h2><ul>`,
      ...grounds.map(
        ({ because, machines, claims }) =>
          `<li>${claims.length === 0 ? '' : `<strong>${escapeHtml(claims.join(', '))}</strong> on `}${escapeHtml(machines.join(', '))}: ${withCode(because)}</li>`,
      ),
      '</ul>',
    ].join('\n'),
  )
}

function classOf(status: SupportStatus): string {
  switch (status) {
    case 'confirmed':
      return 'ok'
    case 'refuted':
      return 'wrong'
    case 'depends':
    case 'inconclusive':
      return 'unsure'
    case 'not supported':
    case 'not run':
    case 'not tested':
      return 'blocked'
  }
}
