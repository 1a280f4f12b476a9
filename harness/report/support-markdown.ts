import { secondsText } from './summary-text.ts'
import type { SupportMachine, SupportTable } from './support-schema.ts'
import { differencesIn, groundsOf, shortName, testedRows } from './support-table.ts'
import { marks } from './support-text.ts'

/**
 * The support table as Markdown: the machines, a table per document, and the grounds of all that is not confirmed.
 *
 * @param command - what made it, told for whoever wants to make it again
 */
export function supportMarkdown(table: SupportTable, command?: string): string {
  const [rows, untested] = testedRows(table)
  const documents = [...Map.groupBy(rows, ({ document }) => document)].flatMap(([document, claims]) => {
    const title = claims[0]?.documentTitle ?? document
    return [
      `## ${escape(document)}`,
      ...(title === document ? [] : ['', escape(title)]),
      '',
      ...tableLines(
        ['Claim', 'What it says', ...table.machines.map(({ name }) => name)],
        claims.map(({ id, says, cells }) => [
          shortName(id, document),
          says,
          ...cells.map(({ status }) => `${marks[status]} ${status}`),
        ]),
      ),
      '',
    ]
  })
  return [
    '# Support table',
    '',
    ...(command === undefined ? [] : ['```sh', command, '```', '']),
    ...tableLines(
      ['Machine', 'Kernel', 'Userland', 'Met', 'Not met', 'Skipped', 'Time'],
      table.machines.map(machineCells),
    ),
    '',
    ...documents,
    ...differences(table),
    ...grounds(table),
    ...(untested === 0 ? [] : [`${untested} more of these documents' claims: not tested.`, '']),
    `Measured by netwright ${table.netwright} on ${table.startedAt.slice(0, 10)} in ${secondsText(table.ms)}.`,
    '',
  ].join('\n')
}

function machineCells({ name, facts, notRun, met, notMet, skipped, ms }: SupportMachine): string[] {
  if (facts === null) return [name, `not run: ${(notRun ?? '').split('\n', 1)[0] ?? ''}`, '', '', '', '', '']
  const distro = `${facts.distro}, ${facts.arch}, ${facts.privilege}`
  return [name, facts.kernel, distro, String(met), String(notMet), String(skipped), secondsText(ms)]
}

function differences(table: SupportTable): string[] {
  const rows = differencesIn(table)
  if (rows.length === 0) return []
  const items = rows.map(({ id, cells }) => {
    const groups = [...Map.groupBy(cells, ({ status }) => status)]
    return `- **${escape(id)}**: ${groups.map(([status, those]) => `${status} on ${those.map(({ machine }) => machine).join(', ')}`).join('; ')}`
  })
  return ['## Where machines differ', '', ...items, '']
}

function grounds(table: SupportTable): string[] {
  return [...Map.groupBy(groundsOf(table), ({ status }) => status)].flatMap(([status, those]) => [
    `## ${marks[status]} ${status}`,
    '',
    ...those.map(
      ({ because, machines, claims }) =>
        `- ${claims.length > 0 ? `**${escape(claims.join(', '))}** on ` : ''}${machines.join(', ')}: ${escape(because.replaceAll(/\s*\n\s*/g, '; '))}`,
    ),
    '',
  ])
}

function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escape(cell)).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)]
}

/** What Markdown would read as its own; backquotes stay, claims are written with them. */
const escape = (text: string) => text.replaceAll(/[\\|*_<>[\]]/g, '\\$&')
