import { fstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import { placementName, readPlaced } from '../machines/placement/placement.ts'
import { vmNameOfFile } from '../machines/vm/vm-name.ts'
import { machineName } from '../suite/machine-for.ts'
import { usage, type CheckedArguments } from './arguments.ts'
import { isSet, valueOf } from './command.ts'
import { chooseSuites, findSuites, suiteRoots, type SuiteFile } from './find-suites.ts'
import { packageRoot } from './package-place.ts'
import { checkOutputFile, emptyReportFolder, makeReportFolder, type ReportFolder } from './report-folder.ts'

/** What was asked of `netwright run`, checked. */
export interface RunOptions {
  readonly mode: 'run' | 'list' | 'list-claims'
  readonly suites: readonly SuiteFile[]
  /** Whether nothing was left out by names or titles. */
  readonly everything: boolean
  readonly roots: readonly string[]
  readonly root: string
  readonly on: string
  readonly title?: RegExp
  readonly wanted: (title: string) => boolean
  readonly json?: string
  readonly junit?: string
  readonly report?: ReportFolder
  readonly keep: boolean
  readonly fresh: boolean
  readonly bail: boolean
  readonly verbose: boolean
}

/**
 * Reads and checks everything that can be checked before something runs.
 *
 * @throws NETWRIGHT_USAGE, NETWRIGHT_UNKNOWN_SUITE, NETWRIGHT_UNKNOWN_MACHINE, NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function readRunOptions(args: CheckedArguments, cwd = process.cwd()): RunOptions {
  const asked = withPlaced(args, ownKernel(args) ?? args.all('on'))
  const machines = [...new Set(asked.map((name) => machineName(name)))]
  const [on = 'auto', another] = machines
  if (another !== undefined)
    throw usage('run', `--on ${on} and --on ${another}: one run is on one machine`, severalNext(machines, args))
  const known = findSuites(cwd)
  const suites = chooseSuites(args.positionals, known, cwd)
  if (suites.length === 0)
    throw usage('run', 'there is no suite here', 'Write a file that ends in .suite.ts; the README shows one.')
  const text = valueOf(args, 'title')
  const title = text === undefined ? undefined : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i')
  const mode = isSet(args, 'list') ? 'list' : isSet(args, 'list-claims') ? 'list-claims' : 'run'
  const [json, junit, report] = [valueOf(args, 'json'), valueOf(args, 'junit'), valueOf(args, 'report')]
  if (report === '-') throw usage('run', '--report - is no folder', 'Name one; `--json -` writes to standard output.')
  if (junit === '-') throw usage('run', '--junit - is no file', 'Name one; `--json -` writes to standard output.')
  const keep = isSet(args, 'keep')
  if (mode === 'run' && keep) checkSomebodyThere()
  const folder = mode === 'run' && report !== undefined ? makeReportFolder(report) : undefined
  if (mode === 'run') {
    if (json !== undefined && json !== '-') checkOutputFile('--json', json)
    if (junit !== undefined) checkOutputFile('--junit', junit)
  }
  if (folder !== undefined) emptyReportFolder(folder)
  return {
    mode,
    suites,
    everything: args.positionals.length === 0 && title === undefined,
    roots: suiteRoots(cwd),
    root: suites.every(({ bundled }) => bundled) ? packageRoot : cwd,
    on,
    ...(title === undefined ? {} : { title }),
    wanted: (name) => title === undefined || title.test(name),
    ...(json === undefined ? {} : { json: json === '-' ? json : resolve(json) }),
    ...(junit === undefined ? {} : { junit: resolve(junit) }),
    ...(folder === undefined ? {} : { report: folder }),
    keep,
    fresh: freshOf(args, on),
    bail: isSet(args, 'bail'),
    verbose: isSet(args, 'verbose'),
  }
}

/** What runs suites on several machines, as it is typed. */
function severalNext(machines: readonly string[], args: CheckedArguments): string {
  const columns = [...new Set(machines.map((name) => (name === 'auto' ? 'local' : name)))]
  const command = ['netwright', 'matrix', ...args.positionals, '--on', columns.join(',')].join(' ')
  const auto = machines.includes('auto') ? ' (auto is no machine of its own: it chooses one for each scenario)' : ''
  return `Run twice, or let a table have a column for each: ${command}${auto}`
}

function freshOf(args: CheckedArguments, on: string): boolean {
  if (!isSet(args, 'fresh')) return false
  if (on.startsWith('vagrant:')) return true
  const next = 'Name a box: --on vagrant:debian12. A VM or container is new for each run, and labs are new in any case.'
  throw usage('run', `--fresh puts Vagrant boxes back, and ${on} is none`, next)
}

/** The machine that `--kernel FILE [--modules DIR]` stands for. */
function ownKernel(args: CheckedArguments): readonly string[] | undefined {
  const [kernel, modules] = [valueOf(args, 'kernel'), valueOf(args, 'modules')]
  if (kernel === undefined) {
    if (modules === undefined) return undefined
    throw usage('run', '--modules are those of a kernel that you built', 'Add --kernel FILE.')
  }
  if (args.all('on').length > 0)
    throw usage('run', '--kernel says which machine to run on, and so does --on', 'Give one.')
  return [`vm:${vmNameOfFile(kernel, modules)}`]
}

/** The machine with the hosts that `--place` puts on others. */
function withPlaced(args: CheckedArguments, asked: readonly string[]): readonly string[] {
  const texts = args.all('place')
  if (texts.length === 0) return asked
  const placed = texts.map((text) => {
    const one = readPlaced(text)
    if (one !== undefined) return one
    throw usage('run', `--place ${text} names no host and machine`, 'Write it so: --place node2=vm:5.10')
  })
  const [base] = asked
  if (base === undefined)
    throw usage('run', '--place puts hosts on other VMs than all the rest, and there is no --on', 'Add --on vm:6.1.')
  return asked.map((name) => placementName({ base: name, placed }))
}

/** A lab is kept until Enter comes: from a terminal, or from a program that holds the other end of a pipe. */
function checkSomebodyThere(): void {
  if (isatty(0)) return
  try {
    const kind = fstatSync(0)
    if (kind.isFIFO() || kind.isSocket()) return
  } catch {
    // Standard input is closed.
  }
  const next = 'Run it in a terminal; elsewhere, --report DIR keeps what was measured, captures included.'
  throw usage('run', '--keep waits for Enter, and standard input is no terminal', next)
}
