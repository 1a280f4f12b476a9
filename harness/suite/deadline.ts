import { NetwrightError } from '../model/errors.ts'
import type { Journal } from '../lab/journal.ts'

/**
 * Ends the wait for an action that hangs. The action itself is ended with its lab.
 *
 * @throws NETWRIGHT_BUILD_TIMEOUT naming the last command that had ended
 */
export async function within<T>(ms: number, what: string, journal: Journal, action: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const last = journal.entries.at(-1)
      reject(
        new NetwrightError('NETWRIGHT_BUILD_TIMEOUT', `"${what}" did not end within ${String(ms / 1000)} s`, {
          ...(last === undefined ? {} : { place: `after, on ${last.host}: ${last.command}` }),
          next: 'A command waits for something that never comes; give it a limit of its own, such as `timeout 5 …`.',
        }),
      )
    }, ms)
  })
  try {
    return await Promise.race([action(), late])
  } finally {
    clearTimeout(timer)
  }
}
