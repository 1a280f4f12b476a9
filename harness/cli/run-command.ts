import { writeFileSync } from 'node:fs'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import { createProgress } from '../report/progress.ts'
import { totalsOf } from '../report/summary-text.ts'
import type { KeptLab } from '../suite/keep-lab.ts'
import { machineFor } from '../suite/machine-for.ts'
import { sweepControlGroups } from '../machines/control-groups.ts'
import type { Machine } from '../machines/machine.ts'
import type { Command, CommandCall } from './command.ts'
import { openEventLog } from './event-log.ts'
import { errorText, exitCodeOf, exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import { keptLabText, openKeptLabs, releaseOnEnter } from './kept-labs.ts'
import { listClaims, listScenarios } from './list-scenarios.ts'
import { startReport, type ReportFolder } from './report-folder.ts'
import { checkPlacedHosts } from './placed-hosts.ts'
import { problemText } from './problem-text.ts'
import type { RunListener } from './run-collector.ts'
import { startMachineRun, type MachineRunOptions } from './run-machine.ts'
import { readRunOptions, type RunOptions } from './run-options.ts'
import { version } from './package-place.ts'
import { resultText } from './run-text.ts'
import { writeTally } from './tally.ts'
import { writeResults } from './write-results.ts'

/** `netwright run [suite…]` */
export const runCommand: Command = {
  description: 'Runs suites: builds each lab, measures it, and says what connects, what does not, and why',
  args: {
    suite: {
      type: 'positional',
      required: false,
      description: 'Folders or files below suites/, or paths; your own suites unless told, else the bundled ones',
    },
    on: {
      type: 'string',
      valueHint: 'MACHINE',
      description:
        'Machine to run on: local, container, vm:KERNEL, vagrant:BOX, or auto (unless told): here, and in a VM what the kernel here lacks',
    },
    place: {
      type: 'string',
      valueHint: 'HOST=MACHINE',
      description:
        'Put a host of the topology on another VM or Vagrant box than --on, on the same wires; may be repeated',
    },
    kernel: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Run in a VM with this bzImage or vmlinux, built for x86_64',
    },
    modules: {
      type: 'string',
      valueHint: 'DIR',
      description:
        'Its modules: lib/modules/RELEASE as `make modules_install` makes it; those installed here unless told',
    },
    title: {
      type: 'string',
      alias: 't',
      valueHint: 'TEXT',
      description: 'Only scenarios whose title contains this text',
    },
    json: { type: 'string', valueHint: 'FILE', description: 'Write the results as JSON; - is standard output' },
    junit: { type: 'string', valueHint: 'FILE', description: 'Write the results as JUnit XML' },
    report: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Write the Allure report, captures and an event log into this folder',
    },
    keep: { type: 'boolean', description: 'Keep the first lab whose scenario fails, and say how to enter it' },
    fresh: {
      type: 'boolean',
      description:
        'Put the Vagrant box back to its snapshot before each suite file: nothing of a suite is left for the next',
    },
    bail: { type: 'boolean', description: 'Stop after the first scenario that is not met' },
    list: { type: 'boolean', description: 'List the scenarios instead of running them' },
    'list-claims': {
      type: 'boolean',
      description: 'List the claims of the documents, and how many scenarios test each',
    },
    verbose: { type: 'boolean', description: 'Print every matrix of every scenario' },
  },
  maxWords: Infinity,
  examples: [
    ['netwright run', 'everything that this machine can carry'],
    ['netwright run macvlan-in-action', 'the suites of one document'],
    ['netwright run macvlan-in-action/host-access -t "until a mac0"', 'one scenario'],
    ['netwright run --kernel arch/x86/boot/bzImage', 'on a kernel that you built'],
    ['netwright run --report netwright-report', 'with a report to look at'],
    ['netwright run --json - | jq .totals', 'results for other programs'],
    ['netwright run my-network.suite.ts --keep', 'look into the lab that failed'],
  ],
  run: async (call) => {
    const options = readRunOptions(call.args)
    if (options.mode === 'list') return listScenarios(options, call.terminal)
    if (options.mode === 'list-claims') return listClaims(options, call.terminal)
    await checkPlacedHosts(options)
    return runSuites(options, call)
  },
}

async function runSuites(options: RunOptions, { terminal, args }: CommandCall): Promise<number> {
  // Read while the machine is looked at; what goes wrong with it is told when it is needed.
  import('vitest/node').catch(() => undefined)
  // Whether labs can be made at all is known before vitest starts.
  const { machine, on } = await startMachine(options.on, terminal.note)
  const { report, roots } = options
  const show = (text: string) => (options.json === '-' ? terminal.note(text) : terminal.print(text))
  const log = report === undefined ? undefined : openEventLog(report.events)
  const pages = report === undefined ? undefined : startReport(report)
  log?.write({
    event: 'start',
    machine: machine.facts,
    netwright: version,
    suites: options.suites.map(({ name }) => name),
  })
  const progress = createProgress(process.stderr, { colours: terminal.errorColours })
  progress.handle({ kind: 'plan', total: 0, at: performance.now() })
  const running = new Set<string>()
  let keptLab: KeptLab | undefined
  const kept = options.keep
    ? await openKeptLabs((lab) => {
        keptLab = lab
        progress.print(keptLabText(lab))
      })
    : undefined
  const listener: RunListener = {
    found: (more) => progress.handle({ kind: 'found', more, at: performance.now() }),
    started: (scenario) => {
      running.add(scenario)
      progress.handle({ kind: 'start', scenario, at: performance.now() })
    },
    finished: (result) => {
      running.delete(result.scenario)
      if (result.scenario === keptLab?.scenario) keptLab = undefined
      log?.write({ event: 'scenario', result })
      pages?.add(result)
      if (running.size === 0) pages?.expectEnd()
      progress.handle({ kind: 'finish', ...finishOf(result), at: performance.now() })
    },
    said: (text) => progress.print(text),
  }
  const { title } = options
  const asked: MachineRunOptions = {
    suites: options.suites,
    root: options.root,
    wanted: options.wanted,
    bail: options.bail,
    settings: {
      on,
      roots,
      ...(report === undefined ? {} : { captures: report.captures }),
      ...(kept === undefined ? {} : { keep: kept.socket }),
      ...(options.fresh ? { fresh: true } : {}),
    },
    ...(title === undefined ? {} : { title }),
  }
  const going =
    on === 'auto'
      ? (await import('./run-auto.ts')).startAutoRun(asked, machine, listener, (sentence) => progress.print(sentence))
      : startMachineRun(asked, listener)
  const forget = onInterrupt((signal) => {
    progress.close()
    const run = going.result()
    log?.write({ event: 'interrupted', by: signal, running: [...running] })
    if (report !== undefined) writeFileSync(report.run, JSON.stringify(run))
    terminal.note(interruptedText(run, signal, [...running], { report, keptLab }))
  })
  const stopListening = kept === undefined ? undefined : releaseOnEnter(process.stdin, kept)

  await going.ended.finally(() => machine.dispose())
  await sweepControlGroups()
  stopListening?.()
  kept?.close()
  const run = going.result()
  if (run.scenarios.length === 0) throw noScenario(args.all('title').at(-1))
  const { page, problem } = await writeResults(run, options, pages, log)
  progress.close()
  forget()
  show(
    resultText(run, {
      terminal,
      verbose: options.verbose,
      everything: options.everything,
      ...(page === undefined ? {} : { page }),
    }),
  )
  writeTally(run)
  const code = exitCodeFor(run, terminal.note)
  if (problem === undefined) return code
  terminal.note(errorText(problem))
  return code === exitCodes.ok ? exitCodeOf(problem) : code
}

/**
 * The machine to run on. Where none can be made here at all, `auto` is a VM for everything.
 *
 * @throws what keeps labs from being made here, when no VM can be started either
 */
async function startMachine(name: string, note: (text: string) => void): Promise<{ machine: Machine; on: string }> {
  if (name !== 'auto') {
    const machine = await machineFor(name)
    if (machine.isShared !== true) await machine.dispose()
    return { machine, on: name }
  }
  try {
    return { machine: await machineFor('local'), on: 'auto' }
  } catch (error) {
    const { cachedKernels, defaultKernel } = await import('./choose-kernel.ts')
    const [first] = await cachedKernels()
    const on = `vm:${first?.name ?? defaultKernel}`
    try {
      const machine = await machineFor(on)
      await machine.dispose()
      note(`netwright: no lab can be made on this machine itself, so everything runs in ${on}: ${problemText(error)}`)
      return { machine, on }
    } catch (problem) {
      note(`netwright: ${on} cannot be started either: ${problemText(problem)}`)
      throw error
    }
  }
}

function finishOf({ scenario, status, skipReason, ms }: ScenarioResult) {
  return { scenario, status, ms, ...(skipReason === undefined ? {} : { skipReason }) }
}

/** Nothing was measured, and nothing could have been: the machine cannot run what was asked. */
function exitCodeFor(run: RunResult, note: (text: string) => void): number {
  const { notMet, met, skipped, reasons } = totalsOf(run.scenarios)
  if (notMet > 0) return exitCodes.notMet
  if (met > 0 || skipped === 0) return exitCodes.ok
  note(
    `netwright: this machine can run none of it: ${reasons.map(({ reason }) => reason).join('; ')} [NETWRIGHT_UNSUPPORTED]`,
  )
  return exitCodes.unable
}

function noScenario(title: string | undefined): NetwrightError {
  if (title === undefined) {
    return new NetwrightError('NETWRIGHT_EXPECTATION_NOT_MEASURED', 'the run ended without a result', {})
  }
  return new NetwrightError('NETWRIGHT_USAGE', `no scenario has ${JSON.stringify(title)} in its title`, {
    place: `netwright run -t ${JSON.stringify(title)}`,
    next: '`netwright run --list` lists the titles.',
  })
}

function interruptedText(
  run: RunResult,
  signal: string,
  running: readonly string[],
  { report, keptLab }: { readonly report: ReportFolder | undefined; readonly keptLab: KeptLab | undefined },
): string {
  const { met, notMet: ended, skipped } = totalsOf(run.scenarios)
  // A lab is kept because its scenario has failed; only its process has not gone on.
  const bad = [
    ...run.scenarios.filter(({ status }) => status === 'not met'),
    ...(keptLab === undefined ? [] : [keptLab]),
  ]
  const notMet = ended + (keptLab === undefined ? 0 : 1)
  return [
    `\nInterrupted by ${signal}. Until then: ${met} met · ${notMet} not met · ${skipped} skipped`,
    ...bad.map(({ suite, scenario }) => `  not met: ${suite}: ${scenario}`),
    ...running.filter((name) => name !== keptLab?.scenario).map((scenario) => `  did not end: ${scenario}`),
    ...(report === undefined
      ? []
      : [`What is known is in ${report.path}; \`netwright report ${report.path}\` makes the page.`]),
  ].join('\n')
}
