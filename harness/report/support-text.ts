import { plain, type Colours } from './colours.ts'
import { displayWidth, hanging, pad, truncate } from './display-width.ts'
import type { TextOptions } from './matrix-text.ts'
import { secondsText } from './summary-text.ts'
import type { SupportMachine, SupportRow, SupportStatus, SupportTable } from './support-schema.ts'
import { differencesIn, groundsOf, shortName, testedRows } from './support-table.ts'

/** One column each, so that a row of many machines fits. */
export const marks: Readonly<Record<SupportStatus, string>> = {
  confirmed: '✓',
  refuted: '✗',
  depends: '±',
  'not supported': '–',
  inconclusive: '?',
  'not run': '!',
  'not tested': '·',
}

/** Columns that the words of a claim need beside its marks. */
const leastWords = 24

/**
 * The support table for a terminal: the machines, a mark for each claim and machine, the grounds of all that is not
 * confirmed, and in the last line the counts.
 */
export function supportText(table: SupportTable, { width = 80, colours = plain }: TextOptions = {}): string {
  const [rows, untested] = testedRows(table)
  const used = new Set(rows.flatMap(({ cells }) => cells.map(({ status }) => status)))
  const legend = Object.entries(marks).flatMap(([status, mark]) =>
    used.has(status as SupportStatus) ? [`${mark} ${status}`] : [],
  )
  return [
    ...machineLines(table.machines, width, colours),
    '',
    ...documentTables(table, rows, width, colours),
    ...(legend.length === 0 ? [] : [colours.dim(legend.join('  ')), '']),
    ...differenceLines(table, width, colours),
    ...groundLines(table, width, colours),
    ...(untested === 0
      ? []
      : [
          `${untested} more ${untested === 1 ? 'claim of these documents was' : 'claims of these documents were'} not tested.`,
          '',
        ]),
    lastLine(table, rows.length, colours),
  ].join('\n')
}

function machineLines(machines: readonly SupportMachine[], width: number, colours: Colours): string[] {
  const widest = Math.max(...machines.map(({ name }) => displayWidth(name)))
  return machines.flatMap(({ name, facts, notRun, met, notMet, skipped, ms }, index) => {
    const prefix = `${String(index + 1).padStart(2)}  ${pad(name, widest)}  `
    if (notRun !== null)
      return hanging(prefix, `not run: ${firstLine(notRun)}`, width).map((line) => colours.yellow(line))
    const counts = `${met} met · ${notMet} not met · ${skipped} skipped · ${secondsText(ms)}`
    return hanging(prefix, `Linux ${facts?.kernel ?? ''}  ${counts}`, width)
  })
}

function documentTables(table: SupportTable, rows: readonly SupportRow[], width: number, colours: Colours): string[] {
  const names = table.machines.map(({ name }) => name)
  const widest = Math.max(...names.map(displayWidth))
  const idWidth = Math.max(0, ...rows.map(({ id, document }) => displayWidth(shortName(id, document))))
  const fits = 2 + idWidth + names.length * (widest + 2) + leastWords <= width
  // Where names do not fit, the numbers of the list above stand for them.
  const heads = fits ? names : names.map((_, index) => String(index + 1))
  const column = (fits ? widest : String(names.length).length) + 2
  return [...Map.groupBy(rows, ({ document }) => document)].flatMap(([document, claims]) => {
    const title = claims[0]?.documentTitle ?? document
    return [
      `${colours.bold(document)}${title === document ? '' : colours.dim(`  ${truncate(title, width - displayWidth(document) - 2)}`)}`,
      colours.dim(`${' '.repeat(2 + idWidth)}${heads.map((head) => `  ${pad(head, column - 2)}`).join('')}`.trimEnd()),
      ...claims.flatMap(({ id, says, cells }) => {
        const indent = 2 + idWidth + heads.length * column + 2
        const [first = '', ...rest] = hanging(' '.repeat(indent), says, width)
        const line = cells.map(({ status }) => `  ${painted(status, colours)}${' '.repeat(column - 3)}`).join('')
        return [`  ${pad(shortName(id, document), idWidth)}${line}  ${first.slice(indent)}`, ...rest]
      }),
      '',
    ]
  })
}

function differenceLines(table: SupportTable, width: number, colours: Colours): string[] {
  const rows = differencesIn(table)
  if (rows.length === 0) return []
  const lines = rows.flatMap(({ id, cells }) => {
    const groups = [...Map.groupBy(cells, ({ status }) => status)]
    const words = groups.map(([status, those]) => `${status} on ${those.map(({ machine }) => machine).join(', ')}`)
    return hanging(`  ${id}  `, words.join('; '), width)
  })
  return [colours.bold('Machines differ'), ...lines, '']
}

function groundLines(table: SupportTable, width: number, colours: Colours): string[] {
  const everywhere = table.machines.filter(({ notRun }) => notRun === null).length
  return [...Map.groupBy(groundsOf(table), ({ status }) => status)].flatMap(([status, grounds]) => [
    `${painted(status, colours)} ${colours.bold(status)}`,
    ...grounds.flatMap(({ because, machines, claims }) => {
      const where = machines.length === everywhere && status !== 'not run' ? '' : machines.join(', ')
      // What a machine lacks is told of the machine, everything else of its claim.
      if (status === 'not run') return hanging('  ', `${where}: ${firstLine(because)}`, width)
      const about =
        status === 'not supported'
          ? [`${where === '' ? 'everywhere' : where}: ${because}`, claims.join(', ')]
          : [`${claims.join(', ')}${where === '' ? '' : ` on ${where}`}`, because]
      const [lead = '', rest = ''] = about
      return [...hanging('  ', lead, width), ...hanging('      ', rest, width).map((line) => colours.dim(line))]
    }),
    '',
  ])
}

function lastLine({ machines, ms }: SupportTable, claims: number, colours: Colours): string {
  const ran = machines.filter(({ notRun }) => notRun === null)
  const sum = (pick: (machine: SupportMachine) => number) => ran.reduce((total, machine) => total + pick(machine), 0)
  const notMet = sum((machine) => machine.notMet)
  return [
    `${claims} ${claims === 1 ? 'claim' : 'claims'} on ${ran.length} of ${machines.length} machines`,
    colours.green(`${sum(({ met }) => met)} met`),
    notMet === 0 ? '0 not met' : colours.red(`${notMet} not met`),
    `${sum(({ skipped }) => skipped)} skipped`,
    secondsText(ms),
  ].join(' · ')
}

function painted(status: SupportStatus, colours: Colours): string {
  const mark = marks[status]
  switch (status) {
    case 'confirmed':
      return colours.green(mark)
    case 'refuted':
      return colours.red(mark)
    case 'depends':
      return colours.cyan(mark)
    case 'inconclusive':
    case 'not run':
      return colours.yellow(mark)
    case 'not supported':
    case 'not tested':
      return colours.dim(mark)
  }
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? text
