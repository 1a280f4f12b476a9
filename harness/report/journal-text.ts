import type { JournalEntry } from '../model/results.ts'

/** How a journal entry ended, where that is worth a word: `exit 1`, `killed by SIGKILL`. */
export function exitText({ code, signal }: Pick<JournalEntry, 'code' | 'signal'>): string {
  if (signal !== null) return `killed by ${signal}`
  return code === 0 ? '' : code === null ? 'no exit code' : `exit ${code}`
}

/** Both streams of a command as one text, standard error after standard output. */
export function outputText({ stdout, stderr }: Pick<JournalEntry, 'stdout' | 'stderr'>): string {
  return [stdout, stderr]
    .map((stream) => stream.trimEnd())
    .filter((stream) => stream !== '')
    .join('\n')
}

/**
 * Everything that was typed in a lab, in order: when, where, the command, how it ended and what it printed. Commands
 * of the harness itself (wires, probes) are marked with what they were for.
 */
export function journalText(journal: readonly JournalEntry[]): string {
  const width = Math.max(0, ...journal.map(({ host }) => host.length))
  return journal
    .flatMap((entry) => {
      const notes = [exitText(entry), entry.by === 'script' ? '' : entry.by, `${entry.ms.toFixed(0)} ms`]
      const seconds = (entry.startMs / 1000).toFixed(3).padStart(8)
      const indent = ' '.repeat(seconds.length + width + 6)
      const [first = '', ...more] = entry.command.split('\n')
      const output = outputText(entry)
      return [
        `${seconds} s ${entry.host.padEnd(width)} # ${first}`,
        ...more.map((line) => `${indent}${line}`),
        ...(output === '' ? [] : output.split('\n').map((line) => `${indent}| ${line}`)),
        `${indent}(${notes.filter((note) => note !== '').join(', ')})`,
      ]
    })
    .join('\n')
}
