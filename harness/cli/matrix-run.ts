import { join } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import type { MachineFacts, RunResult } from '../model/results.ts'
import type { ProgressDisplay } from '../report/progress.ts'
import type { MachineOutcome } from '../report/support-table.ts'
import { machineFor } from '../suite/machine-for.ts'
import type { EventLog } from './event-log.ts'
import type { MatrixOptions } from './matrix-options.ts'
import {
  inLanes,
  lanesFor,
  longestFirst,
  paceFor,
  rememberDurations,
  rememberedDurations,
  resourcesHere,
} from './matrix-schedule.ts'
import { version } from './package-place.ts'
import { startMachineRun } from './run-machine.ts'

/** A matrix that goes on. */
export interface MatrixRun {
  /** What is known so far, in the order of the columns. */
  readonly outcomes: () => readonly MachineOutcome[]
  readonly ended: Promise<void>
}

/** Runs the suites on every machine; one that cannot start leaves the others alone. */
export function runMatrix(options: MatrixOptions, progress: ProgressDisplay, log: EventLog | undefined): MatrixRun {
  const known = new Map<string, () => MachineOutcome>()
  const resources = resourcesHere()
  const lanes = Math.min(options.jobs ?? lanesFor(options.machines.length, resources), options.machines.length)
  const durations: Record<string, number> = {}

  async function runOn(machine: string, atOnce: number): Promise<void> {
    const began = performance.now()
    const started = await startOnce(machine).catch((error: unknown) => {
      const notRun = reasonOf(error)
      known.set(machine, () => ({ machine, notRun }))
      progress.print(`${machine} cannot run: ${notRun}`)
      return undefined
    })
    if (started === undefined) return
    const { facts } = started
    log?.write({ event: 'start', machine: facts, netwright: version, suites: options.suites.map(({ name }) => name) })
    const { roots, root, report, title, wanted, suites } = options
    const captures = report === undefined ? {} : { captures: join(report.captures, folderName(machine)) }
    const run = startMachineRun(
      {
        suites,
        root,
        wanted,
        settings: { on: machine, roots, ...captures },
        pace: paceFor(machine, atOnce, resources),
        ...(title === undefined ? {} : { title }),
      },
      {
        found: (more) => progress.handle({ kind: 'found', more, at: performance.now() }),
        started: (scenario) =>
          progress.handle({ kind: 'start', scenario: `${machine} ${scenario}`, at: performance.now() }),
        finished: (result) => {
          log?.write({ event: 'scenario', result: filesBelow('captures', result) })
          const { status, skipReason, ms, scenario } = result
          const reason = skipReason === undefined ? {} : { skipReason }
          progress.handle({
            kind: 'finish',
            scenario: `${machine} ${scenario}`,
            status,
            ms,
            at: performance.now(),
            ...reason,
          })
        },
        said: (text) => progress.print(text),
      },
    )
    const outcome = () => ({ machine, run: asMeasuredOn({ ...facts, name: machine }, run.result()) })
    known.set(machine, outcome)
    await run.ended.finally(() => started.end())
    const finished = outcome()
    known.set(machine, () => finished)
    durations[machine] = Math.round(performance.now() - began)
  }

  const jobs = longestFirst(options.machines, rememberedDurations())
  return {
    outcomes: () =>
      options.machines.map((machine) => known.get(machine)?.() ?? { machine, notRun: 'its turn had not come' }),
    ended: inLanes(jobs, lanes, runOn).then(() => rememberDurations(durations)),
  }
}

/**
 * Whether the machine can be had is known before vitest starts; a VM's template is made on the way. One that its workers
 * share stays until the end.
 */
async function startOnce(name: string): Promise<{ readonly facts: MachineFacts; readonly end: () => Promise<void> }> {
  const machine = await machineFor(name)
  if (machine.isShared === true) return { facts: machine.facts, end: () => machine.dispose() }
  await machine.dispose()
  return { facts: machine.facts, end: () => Promise.resolve() }
}

/** What never reached the machine (a file that could not be read) counts as measured there, too. */
function asMeasuredOn(facts: MachineFacts & { readonly name: string }, run: RunResult): RunResult {
  return {
    ...run,
    scenarios: run.scenarios.map((scenario) => {
      const machine = scenario.machine.privilege === 'unknown' ? facts : { ...scenario.machine, name: facts.name }
      return { ...filesBelow('captures', scenario), machine }
    }),
  }
}

/** A run names captures from the folder above its own, which here is one further down. */
function filesBelow<Result extends { readonly files: readonly string[] }>(folder: string, result: Result): Result {
  return { ...result, files: result.files.map((file) => join(folder, file)) }
}

const folderName = (machine: string) => machine.replaceAll(/[^A-Za-z0-9._-]+/g, '-')

function reasonOf(error: unknown): string {
  if (error instanceof NetwrightError) return error.message
  return error instanceof Error ? error.message : String(error)
}
