import { closeSync, openSync, writeSync } from 'node:fs'
import type { MachineFacts, RunResult, ScenarioResult } from '../model/results.ts'

/** What a line of `events.jsonl` may be. */
export type RunEvent =
  | {
      readonly event: 'start'
      readonly netwright: string
      readonly machine: MachineFacts
      readonly suites: readonly string[]
    }
  | { readonly event: 'scenario'; readonly result: ScenarioResult }
  | {
      readonly event: 'end'
      readonly totals: { readonly met: number; readonly notMet: number; readonly skipped: number }
    }
  | { readonly event: 'interrupted'; readonly by: string; readonly running: readonly string[] }

/** A log that holds a line for each event as soon as it has happened: a run that is killed leaves what it knew. */
export interface EventLog {
  write(event: RunEvent): void
  close(): void
}

export function openEventLog(file: string): EventLog {
  const descriptor = openSync(file, 'w')
  return {
    write: (event) => void writeSync(descriptor, `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`),
    close: () => closeSync(descriptor),
  }
}

/** How a run ended, for the log. */
export function endEvent(run: RunResult): RunEvent {
  const count = (status: ScenarioResult['status']) => run.scenarios.filter((s) => s.status === status).length
  return { event: 'end', totals: { met: count('met'), notMet: count('not met'), skipped: count('skipped') } }
}
