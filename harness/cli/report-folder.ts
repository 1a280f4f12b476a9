import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import type { AllureWriter } from '../report/allure-results.ts'
import { useRoom } from './lean-heap.ts'
import { makeFolder } from './make-folder.ts'

/** The files of a report folder. */
export interface ReportFolder {
  readonly path: string
  readonly events: string
  readonly captures: string
  readonly run: string
  readonly allureResults: string
}

export function reportFolder(path: string): ReportFolder {
  return {
    path,
    events: join(path, 'events.jsonl'),
    captures: join(path, 'captures'),
    run: join(path, 'run.json'),
    allureResults: join(path, 'allure-results'),
  }
}

/**
 * Makes a report folder that can be written. What is in it stays: see {@link emptyReportFolder}.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function makeReportFolder(path: string): ReportFolder {
  const folder = reportFolder(resolve(path))
  return tryWriting(path, () => {
    makeFolder(folder.path)
    accessSync(folder.path, constants.W_OK | constants.X_OK)
    return folder
  })
}

/**
 * Removes what an earlier run left in a report folder; everything else stays.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function emptyReportFolder(folder: ReportFolder): void {
  tryWriting(folder.path, () => {
    const old = [folder.events, folder.captures, folder.run, folder.allureResults]
    // Set aside first: to remove thousands of files takes a while, and a run need not wait for it.
    const aside = mkdtempSync(join(folder.path, '.allure-old-'))
    for (const path of old) setAside(path, aside)
    // A run that was killed left what it worked in, or what it had set aside.
    for (const name of globSync('.allure-*', { cwd: folder.path })) removeMeanwhile(join(folder.path, name))
  })
}

function setAside(path: string, aside: string): void {
  if (!existsSync(path)) return
  try {
    renameSync(path, join(aside, basename(path)))
  } catch {
    rmSync(path, { recursive: true, force: true }) // it may be mounted there: then what is in it goes, else this says why not
  }
}

/** Removes a folder while the run goes on, or with its end, if that comes first. */
function removeMeanwhile(path: string): void {
  const atEnd = (): void => {
    // The other removal still goes on beside this one, and what that one was quicker to remove ends this one early.
    for (let attempt = 0; attempt < 100 && existsSync(path); attempt++) rmSync(path, { recursive: true, force: true })
  }
  process.once('exit', atEnd)
  rm(path, { recursive: true, force: true }).then(
    () => process.off('exit', atEnd),
    () => undefined, // tried again at the end, and by the next run; nothing reads it
  )
}

function tryWriting<Result>(path: string, act: () => Result): Result {
  const next = 'Choose another folder with --report, or make this one writable.'
  try {
    return act()
  } catch (cause) {
    throw notWritable(`the report folder ${path} cannot be written`, `--report ${path}`, next, cause)
  }
}

/**
 * Whether a file can be written, before anything runs. Only opening it tells: what access(2) says of /proc is not so.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function checkOutputFile(flag: string, path: string): void {
  const file = resolve(path)
  try {
    const kind = statSync(file, { throwIfNoEntry: false })
    if (kind?.isDirectory() === true) throw new Error('it is a folder')
    if (kind === undefined && statSync(dirname(file), { throwIfNoEntry: false }) === undefined)
      throw new Error(`there is no folder ${dirname(file)}`)
    // Opening a pipe and closing it would be its end to whoever reads it.
    if (kind !== undefined && !kind.isFile()) accessSync(file, constants.W_OK)
    else closeSync(openSync(file, 'a'))
    if (kind === undefined) rmSync(file)
  } catch (cause) {
    throw fileNotWritable(flag, path, cause)
  }
}

/** The error for a file that was to be written, and was not. */
export function fileNotWritable(flag: string, path: string, cause: unknown): NetwrightError {
  const next = 'Choose another file, or make its folder and make it writable.'
  return notWritable(`${path} cannot be written`, `${flag} ${path}`, next, cause)
}

function notWritable(what: string, place: string, next: string, cause: unknown): NetwrightError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new NetwrightError('NETWRIGHT_REPORT_NOT_WRITABLE', `${what}: ${why}`, { place, next, cause })
}

/** A report that is made while its run goes on. */
export interface GoingReport {
  /** Makes what can be made of a scenario that has ended. */
  add(result: ScenarioResult): void
  /** Attaches a page to the run as a whole. */
  attach(title: string, html: string): void
  /** Loads what makes the page, when no scenario runs and the run is probably about to end. */
  expectEnd(): void
  /**
   * Writes what the run found out: the whole of it as JSON, the Allure results, and the report made of them.
   *
   * @returns path of the report's page
   */
  finish(run: RunResult): Promise<string>
}

export function startReport(folder: ReportFolder): GoingReport {
  // Late, because it takes its time to load, and wrong usage is told without it.
  let writer: Promise<AllureWriter> | undefined
  const begun = (): Promise<AllureWriter> =>
    (writer ??= import('../report/allure-results.ts').then(({ openAllureWriter }) =>
      openAllureWriter(folder.allureResults, folder.path),
    ))
  return {
    add: (result) => {
      begun().then(
        (open) => open.add(result),
        // The same error is told at the end.
        () => undefined,
      )
    },
    attach: (title, html) => {
      begun().then(
        (open) => open.attach(title, html),
        () => undefined,
      )
    },
    expectEnd: () => {
      // What is wrong with it is told when the page is made.
      import('@allurereport/core').catch(() => undefined)
    },
    finish: async (run) => {
      useRoom()
      await writeFile(folder.run, JSON.stringify(run))
      return makeHtml(run, folder, await begun())
    },
  }
}

/** Makes the Allure results, as far as they are not `begun`, and the page. */
export async function makeHtml(run: RunResult, folder: ReportFolder, begun?: AllureWriter): Promise<string> {
  // Late, because Allure takes its time to load.
  const { writeReports } = await import('../report/write-reports.ts')
  const { index = folder.path } = await writeReports(run, { dir: folder.path, filesFrom: folder.path }, begun)
  return index
}
