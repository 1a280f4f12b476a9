import { writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult } from '../model/results.ts'
import { createProgress } from '../report/progress.ts'
import { totalsOf } from '../report/summary-text.ts'
import { supportHtml } from '../report/support-html.ts'
import { supportMarkdown } from '../report/support-markdown.ts'
import type { SupportTable } from '../report/support-schema.ts'
import { mergeRuns, supportTable, type MachineOutcome } from '../report/support-table.ts'
import { supportText } from '../report/support-text.ts'
import type { Command, CommandCall } from './command.ts'
import { openEventLog } from './event-log.ts'
import { errorText, exitCodeOf, exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import { readMatrixOptions, type MatrixFile, type MatrixOptions } from './matrix-options.ts'
import { runMatrix } from './matrix-run.ts'
import { version } from './package-place.ts'
import { fileNotWritable, startReport } from './report-folder.ts'

/** `netwright matrix [suite…] --on MACHINE,…` */
export const matrixCommand: Command = {
  description: 'Runs suites on several machines and says what each of them supports: claims × machines',
  args: {
    suite: {
      type: 'positional',
      required: false,
      description: 'Folders or files below suites/, or paths; your own suites unless told, else the bundled ones',
    },
    on: {
      type: 'string',
      valueHint: 'MACHINE,…',
      description:
        'Machines, one column each: local, container, vm:KERNEL, vagrant:BOX; may be repeated. Exit code 3 when one cannot run',
    },
    title: {
      type: 'string',
      alias: 't',
      valueHint: 'TEXT',
      description: 'Only scenarios whose title contains this text',
    },
    jobs: {
      type: 'string',
      valueHint: 'N',
      description: 'Machines that run at a time; as many as there are cores and memory for unless told',
    },
    markdown: { type: 'string', valueHint: 'FILE', description: 'Write the table as Markdown; - is standard output' },
    html: { type: 'string', valueHint: 'FILE', description: 'Write the table as a page; - is standard output' },
    json: { type: 'string', valueHint: 'FILE', description: 'Write the table as JSON; - is standard output' },
    report: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Write one Allure report of all machines, captures and an event log into this folder',
    },
  },
  maxWords: Infinity,
  examples: [
    ['netwright matrix --on local,vm:5.10,vm:6.1,vm:6.12', 'all suites on four kernels'],
    ['netwright matrix ipvlan-demo --on vm:5.10 --on vm:7.2', 'the suites of one document'],
    ['netwright matrix --on local,vm:6.1 --markdown support.md', 'a table for your documentation'],
    ['netwright matrix --on vm:5.10,vm:7.2 --report netwright-report', 'with every capture, by kernel'],
    ['netwright matrix --on vm:5.10,vm:7.2 --json - | jq .claims', 'the table for other programs'],
  ],
  run: async (call) => matrix(await readMatrixOptions(call.args), call),
}

async function matrix(options: MatrixOptions, { terminal, args }: CommandCall): Promise<number> {
  const { report } = options
  const startedAt = new Date()
  const about = () => ({
    netwright: version,
    startedAt: startedAt.toISOString(),
    ms: Date.now() - startedAt.getTime(),
  })
  const log = report === undefined ? undefined : openEventLog(report.events)
  const progress = createProgress(process.stderr, { colours: terminal.errorColours })
  progress.handle({ kind: 'plan', total: 0, at: performance.now() })
  const run = runMatrix(options, progress, log)
  const forget = onInterrupt((signal) => {
    progress.close()
    const merged = mergeRuns(run.outcomes(), about())
    if (report !== undefined) writeFileSync(report.run, JSON.stringify(merged))
    terminal.note(interruptedText(run.outcomes(), signal))
  })
  await run.ended
  const outcomes = run.outcomes()
  const merged = mergeRuns(outcomes, about())
  const title = args.all('title').at(-1)
  if (title !== undefined && outcomes.some((one) => 'run' in one) && merged.scenarios.length === 0)
    throw noScenario(title)
  const table = supportTable(outcomes, about())
  const { page, problem } = await writeTables(table, merged, options)
  log?.close()
  progress.close()
  forget()
  const show = Object.values(options.files).includes('-') ? terminal.note : terminal.print
  if (page !== undefined) show(`Report: ${page}\n`)
  show(supportText(table, { width: terminal.width, colours: terminal.colours }))
  const code = exitCodeFor(merged, outcomes, terminal.note)
  if (problem === undefined) return code
  terminal.note(errorText(problem))
  return code === exitCodes.ok ? exitCodeOf(problem) : code
}

/** Writes all that can be written; what cannot is told after the table, which must not be lost for it. */
async function writeTables(
  table: SupportTable,
  merged: RunResult,
  { files, report }: MatrixOptions,
): Promise<{ page?: string; problem?: unknown }> {
  let problem: unknown
  const texts: Readonly<Record<MatrixFile, () => string>> = {
    json: () => `${JSON.stringify(table, null, 2)}\n`,
    markdown: () => supportMarkdown(table, `netwright ${process.argv.slice(2).map(shown).join(' ')}`),
    html: () => supportHtml(table),
  }
  for (const [flag, file] of Object.entries(files) as [MatrixFile, string][]) {
    const text = texts[flag]()
    if (file === '-') process.stdout.write(text)
    else await writeFile(file, text).catch((cause: unknown) => (problem ??= fileNotWritable(`--${flag}`, file, cause)))
  }
  if (report === undefined || merged.scenarios.length === 0) return { problem }
  try {
    const page = supportHtml(table)
    await writeFile(join(report.path, 'support.html'), page)
    const pages = startReport(report)
    pages.attach('Support table', page)
    return { page: await pages.finish(merged), problem }
  } catch (error) {
    return { problem: problem ?? error }
  }
}

/** What is not met counts most; else a machine that did not run is what was asked for and cannot be had. */
function exitCodeFor(merged: RunResult, outcomes: readonly MachineOutcome[], note: (text: string) => void): number {
  const { met, notMet, reasons } = totalsOf(merged.scenarios)
  if (notMet > 0) return exitCodes.notMet
  const absent = outcomes.flatMap((one) => ('notRun' in one ? [one] : []))
  if (met === 0) {
    const why = [
      ...absent.map(({ machine, notRun }) => `${machine}: ${notRun}`),
      ...reasons.map(({ reason }) => reason),
    ]
    note(`netwright: none of these machines can run any of it: ${why.join('; ')} [NETWRIGHT_UNSUPPORTED]`)
    return exitCodes.unable
  }
  if (absent.length === 0) return exitCodes.ok
  const names = absent.map(({ machine }) => machine).join(', ')
  note(`netwright: asked for and not run: ${names}; the table says why and what to do [NETWRIGHT_UNSUPPORTED]`)
  return exitCodes.unable
}

function interruptedText(outcomes: readonly MachineOutcome[], signal: string): string {
  const lines = outcomes.map((one) => {
    if ('notRun' in one) return `  ${one.machine}: not run: ${one.notRun.split('\n', 1)[0] ?? ''}`
    const { met, notMet, skipped } = totalsOf(one.run.scenarios)
    return `  ${one.machine}: ${met} met · ${notMet} not met · ${skipped} skipped`
  })
  return [`\nInterrupted by ${signal}. Until then:`, ...lines].join('\n')
}

/** An argument as one would type it. */
const shown = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const noScenario = (title: string) =>
  new NetwrightError('NETWRIGHT_USAGE', `no scenario has ${JSON.stringify(title)} in its title`, {
    place: `netwright matrix -t ${JSON.stringify(title)}`,
    next: '`netwright run --list` lists the titles.',
  })
