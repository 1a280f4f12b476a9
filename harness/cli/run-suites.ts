import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plugin } from 'vitest/config'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { cachePath } from '../machines/vm/cache-folder.ts'
import { bundlePath, bundlesOf } from '../suite/bundles.ts'
import { settingsEnvironment, titleEnvironment, type RunSettings } from '../suite/settings.ts'
import { makeFolder } from './make-folder.ts'
import { bundleModule, packageEntries, packageRoot } from './package-place.ts'

/** How much of a run goes on at the same time. */
export interface Pace {
  /** Processes, each with a machine of its own. */
  readonly workers: number
  /** Scenarios that run at once in one process. */
  readonly atOnce: number
}

/**
 * Here scenarios mostly wait: for evidence, and for the one lock under which the kernel changes its devices. So one
 * process for two cores keeps them busy. In a VM they compute: its one processor is often an emulated one.
 */
export function paceOf(machine: string, cores = availableParallelism()): Pace {
  if (machine.startsWith('vm:')) return { workers: cores, atOnce: 2 }
  // All workers share one box, whose one processor is the limit.
  if (machine.startsWith('vagrant:')) return { workers: 1, atOnce: 3 }
  return { workers: Math.max(1, Math.floor(cores / 2)), atOnce: 10 }
}

/** With more than one worker, several bundles for each: whoever is done first takes the next. */
const bundlesFor = ({ workers }: Pace): number => (workers === 1 ? 1 : workers * 3)

export interface SuiteRun {
  readonly files: readonly string[]
  readonly settings: RunSettings
  /** Runs the scenarios whose titles match. */
  readonly title?: RegExp
  /** Ends the run after so many failures; 0: never. */
  readonly bail: number
  /** Folder that the run is about: error texts are relative to it. */
  readonly root: string
  /** What the machine takes, unless told. */
  readonly pace?: Pace
}

/** Vitest, made ready to run suite files wherever they lie. */
export interface SuiteRunner {
  run(): Promise<void>
  /** Only reads the files: their scenarios are declared, none runs. */
  collect(): Promise<readonly TestModule[]>
  close(): Promise<void>
}

/** Prepares a run in vitest, with no configuration but ours and no output but the reporter's. */
export async function prepareRun(run: SuiteRun, reporter: Reporter): Promise<SuiteRunner> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.map((signal) => process.listeners(signal))
  // Late, because wrong usage is told without it.
  const { createVitest } = await import('vitest/node')
  const scratch = scratchFolder()
  const { fresh = false, on } = run.settings
  const usual = run.pace ?? paceOf(on)
  const pace = fresh ? { ...usual, workers: 1 } : usual
  const bundles = bundlesOf(run.files, fresh ? run.files.length : bundlesFor(pace))
  const vitest = await withDataHome(scratch.path, () =>
    createVitest(
      {
        config: false,
        root: run.root,
        watch: false,
        cache: false,
        // Netwright's own modules are read as an earlier run transformed them; see `ownModulesOnly`.
        fsModuleCache: true,
        fsModuleCachePath: scratch.path,
        pool: 'forks',
        isolate: false,
        // Without limits V8 lets garbage grow to twice what a worker needs; with narrower ones it collects all the time.
        execArgv: ['--max-semi-space-size=4', '--max-old-space-size=256'],
        fileParallelism: true,
        maxWorkers: pace.workers,
        maxConcurrency: pace.atOnce,
        passWithNoTests: true,
        // `only` in one file would leave out all others.
        allowOnly: false,
        bail: run.bail,
        reporters: [reporter],
        env: { ...settingsEnvironment(run.settings), ...titleEnvironment(run.title) },
        provide: { netwrightBundles: bundles },
        // A suite in node_modules is TypeScript, which Node does not read there; and it must get the one netwright.
        server: { deps: { inline: [new RegExp(`^${escape(packageRoot)}/(?!node_modules/)`)] } },
      },
      { resolve: { alias: aliases() }, logLevel: 'silent', plugins: [ownModulesOnly] },
      { stdout: process.stderr, stderr: process.stderr },
    ),
  )
  // Vitest would end the process 1 ms after a signal, before anything is said of what was measured.
  signals.forEach((signal, index) => {
    for (const added of process.listeners(signal))
      if (before[index]?.includes(added) !== true) process.off(signal, added)
  })
  const specifications = bundles.map((_, number) =>
    vitest.getRootProject().createSpecification(bundlePath(bundleModule, number)),
  )
  return {
    run: async () => {
      await vitest.runTestSpecifications(specifications, true)
    },
    collect: async () => (await vitest.collectTests(specifications)).testModules,
    close: async () => {
      await closeQuietly(vitest)
      scratch.remove()
    },
  }
}

async function closeQuietly(vitest: Vitest): Promise<void> {
  const code = process.exitCode
  await vitest.close()
  // The exit code is this command's to decide.
  process.exitCode = code
}

/**
 * A folder for what vitest writes beside results, so that nothing of it stays in a project: the user's cache, which a
 * `kill -9` leaves as it was, else one that goes with the run.
 */
function scratchFolder(): { path: string; remove: () => void } {
  const cache = cachePath('vitest')
  try {
    makeFolder(cache)
    accessSync(cache, constants.W_OK)
    return { path: cache, remove: () => undefined }
  } catch {
    const path = mkdtempSync(join(tmpdir(), 'netwright-vitest-'))
    const remove = () => rmSync(path, { recursive: true, force: true })
    process.once('exit', remove)
    return { path, remove }
  }
}

/** Vitest leaves the secret of a server that is never started in the data folder of the user, unless told of another. */
async function withDataHome<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  const name = 'XDG_DATA_HOME'
  const before = process.env[name]
  process.env[name] = path
  try {
    return await act()
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = before
  }
}

/**
 * Vitest takes a transformed module from its cache while its text is the same, and with it where its imports led. In a
 * user's project they may lead elsewhere today: another `imports` of package.json, another symbolic link.
 */
const ownModulesOnly: Plugin = {
  name: 'netwright:own-modules-only',
  configureVitest({ defineCacheKeyGenerator }) {
    const own = new RegExp(`^${escape(packageRoot)}/(?!node_modules/)`)
    defineCacheKeyGenerator(({ id }) => (own.test(id) ? undefined : false))
  },
}

/** `netwright` is this installation, also for suites that lie where no package of that name is found. */
function aliases(): { find: RegExp; replacement: string }[] {
  return Object.entries(packageEntries).map(([name, replacement]) => ({ find: new RegExp(`^${name}$`), replacement }))
}

const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
