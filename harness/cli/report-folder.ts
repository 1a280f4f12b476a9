import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult } from '../model/results.ts'
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
 * Makes a report folder ready, before anything runs: what an earlier run left in it goes, everything else stays.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function prepareReportFolder(path: string): ReportFolder {
  const folder = reportFolder(resolve(path))
  const next = 'Choose another folder with --report, or make this one writable.'
  try {
    makeFolder(folder.path)
    accessSync(folder.path, constants.W_OK | constants.X_OK)
    for (const old of [folder.events, folder.captures, folder.run, folder.allureResults])
      rmSync(old, { recursive: true, force: true })
  } catch (cause) {
    throw notWritable(`the report folder ${path} cannot be written`, `--report ${path}`, next, cause)
  }
  return folder
}

/**
 * Whether a file can be written, before anything runs.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export function checkOutputFile(flag: string, path: string): void {
  const file = resolve(path)
  try {
    if (existsSync(file) && statSync(file).isDirectory()) throw new Error('it is a folder')
    makeFolder(dirname(file))
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK)
  } catch (cause) {
    throw notWritable(
      `${path} cannot be written`,
      `${flag} ${path}`,
      'Choose another file, or make its folder writable.',
      cause,
    )
  }
}

function notWritable(what: string, place: string, next: string, cause: unknown): NetwrightError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new NetwrightError('NETWRIGHT_REPORT_NOT_WRITABLE', `${what}: ${why}`, { place, next, cause })
}

/**
 * Writes what a run found out: the whole of it as JSON, the Allure results, and the report made of them.
 *
 * @returns path of the report's page
 */
export async function writeReport(run: RunResult, folder: ReportFolder): Promise<string> {
  await writeFile(folder.run, JSON.stringify(run))
  return makeHtml(run, folder)
}

/** Makes the Allure results and the page from a run. */
export async function makeHtml(run: RunResult, folder: ReportFolder): Promise<string> {
  // Late, because Allure takes its time to load, and wrong usage is told without it.
  const { writeReports } = await import('../report/write-reports.ts')
  const { index = folder.path } = await writeReports(run, { dir: folder.path, filesFrom: folder.path })
  return index
}
