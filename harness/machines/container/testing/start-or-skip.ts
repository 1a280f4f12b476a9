import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { NetwrightError } from '../../../model/errors.ts'
import { startEngine, type Engine, type EngineKind, type EngineLimits } from '../../../../scripts/engine/engine.ts'
import { absenceOf } from '../../testing/absence.ts'

const run = promisify(execFile)

/** What each kind takes from the machine; all else comes with it. */
const programs: Readonly<Record<EngineKind, readonly string[]>> = {
  docker: [],
  'docker-user': ['rootlesskit', 'newuidmap', 'slirp4netns'],
  podman: ['podman'],
  'podman-user': ['podman', 'newuidmap'],
}

/**
 * An engine of the tests' own, or what this machine lacks for it.
 *
 * @throws NETWRIGHT_NO_ENGINE when one that could start does not: that is a failure of ours
 */
export async function startOrSkip(kind: EngineKind, limits: EngineLimits = {}): Promise<Engine | string> {
  for (const program of programs[kind]) {
    if (!(await isHere(program))) return `${program} is not here`
  }
  try {
    return await startEngine(kind, limits)
  } catch (error) {
    const refusal = kind.endsWith('-user') ? await userNamespaceRefusal() : undefined
    if (error instanceof NetwrightError && error.code === 'NETWRIGHT_NO_ENGINE' && refusal !== undefined)
      return `ordinary users get no namespaces here: ${refusal}`
    return absenceOf(error)
  }
}

const isHere = (program: string): Promise<boolean> =>
  run('sh', ['-c', 'command -v "$1"', 'sh', program]).then(
    () => true,
    () => false,
  )

/** Why an ordinary user gets no user namespace here. */
async function userNamespaceRefusal(): Promise<string | undefined> {
  const asUser = ['--reuid', '4242', '--regid', '4242', '--clear-groups']
  return run('setpriv', [...asUser, 'unshare', '--user', '--map-root-user', 'true']).then(
    () => undefined,
    (error: unknown) => (error as { stderr?: string }).stderr?.trim() ?? String(error),
  )
}
