import { FarEndError, type RunOutput } from '../machines/channel/channel.ts'
import type { Field } from './attempt.ts'

/**
 * Asks something of a namespace by a short command, journalled as a probe's. Undefined when the command or the namespace
 * is not there: then nothing is known, which never counts as an answer.
 */
export async function runIn(
  field: Field,
  ns: string,
  argv: readonly string[],
  input?: string,
): Promise<RunOutput | undefined> {
  const target = field.lab.namespaces.get(ns)
  if (target === undefined) return undefined
  const startedAt = performance.now()
  try {
    const done = await field.lab.channel.run(argv, {
      place: target.place,
      env: field.lab.machine.environment,
      timeoutMs: 5000,
      ...(input === undefined ? {} : { input }),
    })
    field.lab.journal.note({
      host: ns,
      command: input === undefined ? argv.join(' ') : `${argv.join(' ')} <<'end'\n${input}\nend`,
      by: 'probe',
      code: done.code,
      signal: done.signal,
      stdout: done.stdout.toString(),
      stderr: done.stderr.toString(),
      startedAt,
    })
    return done
  } catch (error) {
    if (error instanceof FarEndError) return undefined
    throw error
  }
}
