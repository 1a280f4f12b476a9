import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult } from '../model/results.ts'
import { generateAllureHtml } from './allure-html.ts'
import type { AllureHtmlOptions } from './allure-html.ts'
import { allureResultsIn, writeAllureResults, type AllureWriter } from './allure-results.ts'
import { resultsJson } from './json.ts'
import { junitXml } from './junit.ts'

/** What to write of a run, and where. What is absent is not written. */
export interface ReportTargets {
  /** Folder of the Allure report: `index.html`, and the results in `allure-results`. */
  readonly dir?: string
  /** File for the JSON of {@link resultsSchema}. */
  readonly json?: string
  /** File for JUnit XML. */
  readonly junit?: string
  /** Whether `dir` gets the HTML report; `false` leaves it at the Allure results. */
  readonly allure?: boolean | AllureHtmlOptions
  /** Folder that the scenarios' `files` are relative to; the current one unless told. */
  readonly filesFrom?: string
}

/** Paths of what was written. */
export interface WrittenReports {
  readonly json?: string
  readonly junit?: string
  readonly allureResults?: string
  /** The page to open. */
  readonly index?: string
}

/**
 * Makes a folder where it is missing and checks that files can be written in it, so that a run does not find out at
 * its end.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
export async function assertWritable(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true })
    await rmdir(await mkdtemp(join(dir, '.netwright-')))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NetwrightError('NETWRIGHT_REPORT_NOT_WRITABLE', `The report folder ${resolve(dir)} cannot be written`, {
      stderr: why,
      next: 'Name a folder that you can write, or leave the report out.',
      cause,
    })
  }
}

/**
 * Checks every folder that the targets write to.
 *
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE
 */
async function assertTargetsWritable({ dir, json, junit }: ReportTargets): Promise<void> {
  const folders = [dir, ...[json, junit].map((file) => file && dirname(file))]
  for (const folder of folders) if (folder !== undefined) await assertWritable(folder)
}

/**
 * Writes the reports of a run. Results of an earlier run in the same folder are replaced; other files in it stay.
 *
 * @param begun - what was begun in `dir` while the run went on
 * @throws NETWRIGHT_REPORT_NOT_WRITABLE, NETWRIGHT_TOOL_MISSING
 */
export async function writeReports(
  run: RunResult,
  targets: ReportTargets,
  begun?: AllureWriter,
): Promise<WrittenReports> {
  await assertTargetsWritable(targets)
  const { dir, json, junit, allure = true, filesFrom = '.' } = targets
  if (json !== undefined) await writeFile(json, resultsJson(run))
  if (junit !== undefined) await writeFile(junit, junitXml(run))
  const files = { ...(json === undefined ? {} : { json }), ...(junit === undefined ? {} : { junit }) }
  if (dir === undefined) return files
  const allureResults = allureResultsIn(dir)
  if (begun === undefined) {
    await rm(allureResults, { recursive: true, force: true })
    await writeAllureResults(run, allureResults, filesFrom)
  } else await begun.finish(run)
  if (allure === false) return { ...files, allureResults }
  const index = await generateAllureHtml([allureResults], dir, allure === true ? {} : allure)
  return { ...files, allureResults, index }
}
