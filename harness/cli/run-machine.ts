import type { RunResult } from '../model/results.ts'
import type { RunSettings } from '../suite/settings.ts'
import type { SuiteFile } from './find-suites.ts'
import { createCollector, type RunListener } from './run-collector.ts'
import { prepareRun, type Pace } from './run-suites.ts'

/** Suites that are to run on one machine. */
export interface MachineRunOptions {
  readonly suites: readonly SuiteFile[]
  readonly settings: RunSettings
  readonly root: string
  /** Which scenarios were asked for; `title` must match all that `wanted` does. */
  readonly wanted: (title: string) => boolean
  readonly title?: RegExp
  readonly bail?: boolean
  readonly pace?: Pace
}

/** A run on one machine that goes on. */
export interface MachineRun {
  /** Everything known so far. */
  readonly result: () => RunResult
  /** Ends when the run has, and its processes are gone. */
  readonly ended: Promise<void>
}

/** One after the other: making vitest ready changes the environment of this process for a moment. */
let preparing: Promise<unknown> = Promise.resolve()

/** Runs suites on one machine; `listener` hears of scenarios as they start and finish. */
export function startMachineRun(options: MachineRunOptions, listener: RunListener): MachineRun {
  const { settings, wanted, title, bail = false, root, pace } = options
  const files = options.suites.map(({ file }) => file)
  const collector = createCollector({ roots: settings.roots, files, wanted, startedAt: new Date() }, listener)
  const prepared = preparing.then(() =>
    prepareRun(
      {
        files,
        settings,
        bail: bail ? 1 : 0,
        root,
        ...(title === undefined ? {} : { title }),
        ...(pace === undefined ? {} : { pace }),
      },
      collector.reporter,
    ),
  )
  preparing = prepared.catch(() => undefined)
  const run = async (): Promise<void> => {
    const runner = await prepared
    await runner.run()
    // The workers' memory is given back before a report takes its own.
    await runner.close()
  }
  return { result: () => collector.result(), ended: run() }
}
