import type { JournalEntry } from '../model/results.ts'

/** Characters kept of one command's output: more would bloat every report. */
export const keptOutput = 16 * 1024

/** Everything typed in a lab, in the order it was started. */
export interface Journal {
  readonly entries: readonly JournalEntry[]
  /** Who types from now on; kept in every entry. */
  author: JournalEntry['by']
  /** Notes a finished command. `startedAt` is a `performance.now()` value. */
  readonly note: (command: {
    readonly host: string
    readonly command: string
    readonly by?: JournalEntry['by']
    readonly code: number | null
    readonly signal?: string | null
    readonly stdout?: string
    readonly stderr?: string
    readonly startedAt: number
  }) => void
}

export function openJournal(): Journal {
  const began = performance.now()
  const entries: JournalEntry[] = []
  const journal: Journal = {
    entries,
    author: 'underlay',
    note: (c) => {
      entries.push({
        host: c.host,
        command: c.command,
        by: c.by ?? journal.author,
        code: c.code,
        signal: c.signal ?? null,
        stdout: clip(c.stdout ?? ''),
        stderr: clip(c.stderr ?? ''),
        startMs: round(c.startedAt - began),
        ms: round(performance.now() - c.startedAt),
      })
    },
  }
  return journal
}

function clip(text: string): string {
  return text.length <= keptOutput
    ? text
    : `${text.slice(0, keptOutput)}\n… ${String(text.length - keptOutput)} characters left out`
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
