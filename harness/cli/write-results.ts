import { writeFile } from 'node:fs/promises'
import type { RunResult } from '../model/results.ts'
import { junitXml } from '../report/junit.ts'
import { endEvent, type EventLog } from './event-log.ts'
import { fileNotWritable, type GoingReport } from './report-folder.ts'
import type { RunOptions } from './run-options.ts'

/** Writes all that can be written; what cannot is told after the results, which must not be lost for it. */
export async function writeResults(
  run: RunResult,
  { json, junit }: Pick<RunOptions, 'json' | 'junit'>,
  report: GoingReport | undefined,
  log: EventLog | undefined,
): Promise<{ page?: string; problem?: unknown }> {
  let problem: unknown
  const attempt = async <Result>(act: () => Promise<Result>, told = (error: unknown) => error) => {
    try {
      return await act()
    } catch (error) {
      problem ??= told(error)
      return undefined
    }
  }
  const resultsJson = async (): Promise<string> => (await import('../report/json.ts')).resultsJson(run)
  log?.write(endEvent(run))
  log?.close()
  if (json === '-') process.stdout.write(await resultsJson())
  else if (json !== undefined)
    await attempt(
      async () => writeFile(json, await resultsJson()),
      (error) => fileNotWritable('--json', json, error),
    )
  if (junit !== undefined)
    await attempt(
      () => writeFile(junit, junitXml(run)),
      (error) => fileNotWritable('--junit', junit, error),
    )
  const page = report === undefined ? undefined : await attempt(() => report.finish(run))
  return { ...(page === undefined ? {} : { page }), problem }
}
