import { resolve } from 'node:path'
import { checkMachine } from '../suite/machine-for.ts'
import { usage, type CheckedArguments } from './arguments.ts'
import { valueOf } from './command.ts'
import { chooseSuites, findSuites, suiteRoots, type SuiteFile } from './find-suites.ts'
import { packageRoot } from './package-place.ts'
import { checkOutputFile, emptyReportFolder, makeReportFolder, type ReportFolder } from './report-folder.ts'

/** What was asked of `netwright matrix`, checked. */
export interface MatrixOptions {
  readonly suites: readonly SuiteFile[]
  /** In the order of the columns; each once. */
  readonly machines: readonly string[]
  readonly roots: readonly string[]
  readonly root: string
  readonly title?: RegExp
  readonly wanted: (title: string) => boolean
  /** Files by flag. */
  readonly files: Readonly<Partial<Record<MatrixFile, string>>>
  readonly report?: ReportFolder
  /** How many machines run at a time, where that was said. */
  readonly jobs?: number
}

export type MatrixFile = 'json' | 'markdown' | 'html'
const fileFlags: readonly MatrixFile[] = ['json', 'markdown', 'html']

/**
 * Reads and checks everything that can be checked before something runs.
 *
 * @throws NETWRIGHT_USAGE, NETWRIGHT_UNKNOWN_SUITE, NETWRIGHT_UNKNOWN_MACHINE, NETWRIGHT_UNKNOWN_KERNEL,
 *   NETWRIGHT_REPORT_NOT_WRITABLE
 */
export async function readMatrixOptions(args: CheckedArguments, cwd = process.cwd()): Promise<MatrixOptions> {
  const machines = await machinesOf(args.all('on'))
  const known = findSuites(cwd)
  const suites = chooseSuites(args.positionals, known, cwd)
  if (suites.length === 0)
    throw usage('matrix', 'there is no suite here', 'Write a file that ends in .suite.ts; the README shows one.')
  const text = valueOf(args, 'title')
  const title = text === undefined ? undefined : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i')
  const given = fileFlags.flatMap((flag) => {
    const file = valueOf(args, flag)
    return file === undefined ? [] : [[flag, file === '-' ? file : resolve(file)] as const]
  })
  if (given.filter(([, file]) => file === '-').length > 1)
    throw usage('matrix', 'two tables cannot both go to standard output', 'Give one of them a file.')
  const jobs = jobsOf(valueOf(args, 'jobs'))
  const report = valueOf(args, 'report')
  if (report === '-')
    throw usage('matrix', '--report - is no folder', 'Name one; `--json -` writes to standard output.')
  const folder = report === undefined ? undefined : makeReportFolder(report)
  for (const [flag, file] of given) if (file !== '-') checkOutputFile(`--${flag}`, file)
  if (folder !== undefined) emptyReportFolder(folder)
  return {
    suites,
    machines,
    roots: suiteRoots(cwd),
    root: suites.every(({ bundled }) => bundled) ? packageRoot : cwd,
    ...(title === undefined ? {} : { title }),
    wanted: (name) => title === undefined || title.test(name),
    files: Object.fromEntries(given),
    ...(folder === undefined ? {} : { report: folder }),
    ...(jobs === undefined ? {} : { jobs }),
  }
}

async function machinesOf(values: readonly string[]): Promise<string[]> {
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.length === 0)
    throw usage('matrix', 'which machines?', 'Name them, such as --on local,vm:6.1,vm:6.12; --on may be repeated.')
  if (names.includes('auto'))
    throw usage('matrix', '--on auto is no column: it chooses a machine for each scenario', 'Name machines.')
  return [...new Set(await Promise.all(names.map(checkMachine)))]
}

function jobsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const jobs = Number(text)
  if (Number.isInteger(jobs) && jobs >= 1) return jobs
  throw usage('matrix', `--jobs ${text} is no number of machines`, 'Say how many may run at a time, such as 2.')
}
