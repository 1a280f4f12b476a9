import { readSession, startSession, type Session } from './session.ts'

/** Variable by which processes that this one starts find the boxes that it has up: names → folder, as JSON. */
const variable = 'NETWRIGHT_VAGRANT_RUNS'

/** The use of boxes that are up; they go with the last use of the process that has brought them up. */
export interface SessionUse {
  readonly session: Session
  readonly release: () => Promise<void>
}

interface OwnedUse {
  users: number
  readonly started: ReturnType<typeof startSession>
}

const owned = new Map<string, OwnedUse>()

/**
 * Boxes of a name that are up: those of a process that has started this one, else brought up now. Starting them takes
 * seconds, and labs are sandboxes in them: all workers of a run share them.
 *
 * @throws what {@link startSession} throws
 */
export async function useSession(names: readonly string[]): Promise<SessionUse> {
  const key = names.join('+')
  const known = owned.get(key)
  if (known === undefined) {
    const run = runsInEnvironment()[key]
    const session = run === undefined ? undefined : await readSession(run)
    if (session !== undefined) return { session, release: () => Promise.resolve() }
  }
  const use: OwnedUse = known ?? { users: 0, started: startSession(names) }
  owned.set(key, use)
  use.users += 1
  const release = async (): Promise<void> => {
    use.users -= 1
    if (use.users > 0) return
    owned.delete(key)
    writeRun(key, undefined)
    await (await use.started).stop()
  }
  try {
    const session = await use.started
    writeRun(key, session.run)
    return { session, release }
  } catch (error) {
    owned.delete(key)
    throw error
  }
}

function runsInEnvironment(): Record<string, string> {
  return JSON.parse(process.env[variable] ?? '{}') as Record<string, string>
}

function writeRun(key: string, run: string | undefined): void {
  const others = Object.entries(runsInEnvironment()).filter(([other]) => other !== key)
  process.env[variable] = JSON.stringify(Object.fromEntries(run === undefined ? others : [...others, [key, run]]))
}
