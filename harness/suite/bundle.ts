/**
 * A test file for vitest that stands for several suite files. Vitest does one file after the other in a process; so
 * read, the scenarios of all of them run side by side in one process, on one machine.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { bundleNumber } from './bundles.ts'
import { renewMachine } from './machine-of-run.ts'
import { runSettings } from './settings.ts'

/** Why a suite file could not be read, as much of it as reaches another process. */
export interface BrokenFile {
  readonly file: string
  readonly name?: string
  readonly message: string
  readonly stack?: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of suite files, by the number of their bundle. */
    netwrightBundles: readonly (readonly string[])[]
  }
  interface TaskMeta {
    /** Set on the test that stands for a suite file that could not be read. */
    netwrightBroken?: BrokenFile
  }
}

// What a module knows of its own URL lacks the query.
const number = bundleNumber(expect.getState().testPath ?? '')

// Then a bundle holds one file.
if (runSettings().fresh === true) beforeAll(renewMachine, 120_000)

for (const file of inject('netwrightBundles')[number ?? -1] ?? []) {
  describe.concurrent(file, async () => {
    try {
      await import(/* @vite-ignore */ file)
    } catch (error) {
      test('(the suite file)', { meta: { netwrightBroken: brokenFile(file, error) } }, () => {
        throw error
      })
    }
  })
}

function brokenFile(file: string, error: unknown): BrokenFile {
  if (!(error instanceof Error)) return { file, message: String(error) }
  const { name, message, stack } = error
  return { file, name, message, ...(stack === undefined ? {} : { stack }) }
}
