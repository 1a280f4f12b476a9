import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../../harness/machines/vm/cache-folder.ts'
import { NetwrightError } from '../../harness/model/errors.ts'
import { provideEnginePrograms } from './engine-programs.ts'

/** Milliseconds until an engine that does not listen is given up. */
const startMs = 30_000

/** What is started: Docker Engine, or the Podman that the machine has; root's or an ordinary user's. */
export type EngineKind = 'docker' | 'docker-user' | 'podman' | 'podman-user'

/** What an engine of the tests lacks. */
export interface EngineLimits {
  /** Mebibytes of its disk, of root's Docker Engine or any Podman. */
  readonly diskMebibytes?: number
  /** Unix socket of an authorization plugin, of root's Docker Engine. */
  readonly authorization?: string
}

/** An engine of this process's own. */
export interface Engine {
  /** For DOCKER_HOST: `unix:///…/docker.sock`. */
  readonly host: string
  /** PID of the process that removes the engine when this one ends. */
  readonly keeper: number
  /** Ends the engine; resolves once nothing of it is left. */
  readonly stop: () => Promise<void>
}

/**
 * Starts an engine for containers that use network `none`. It needs no registry, touches no network, and lives in
 * its own PID, mount and network namespaces: whatever ends this process, or the keeper, ends the engine and its containers.
 *
 * @throws NETWRIGHT_UNSUPPORTED without root; NETWRIGHT_NO_ENGINE with the engine's last words when it does not start
 *
 * @example
 * const engine = await startEngine()
 * process.env['DOCKER_HOST'] = engine.host
 */
export async function startEngine(kind: EngineKind = 'docker', limits: EngineLimits = {}): Promise<Engine> {
  if (process.geteuid?.() !== 0) {
    throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'An engine of the project’s own needs root', {
      next: 'Run it with sudo, or start an engine and set DOCKER_HOST.',
    })
  }
  const script = await scriptOf(kind, limits)
  const runs = await cacheFolder('engine', 'runs')
  const run = join(runs, randomBytes(4).toString('hex'))
  const argv = ['sh', here('keep.sh'), runs, run, ...script]
  // A session of its own: Ctrl-C at the terminal must not end the engine before its users.
  const child = spawn('sh', argv.slice(1), { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
  let words = ''
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      words += error.message
      resolve()
    })
    child.once('close', () => {
      resolve()
    })
  })
  const stop = (): Promise<void> => {
    child.stdin.end()
    return ended
  }
  const listening = new Promise<boolean>((resolve) => {
    const timer = setTimeout(resolve, startMs, false)
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-8000)
      if (/API (service )?listen/.test(words)) resolve(true)
    })
    void ended.then(() => resolve(false))
    void ended.then(() => clearTimeout(timer))
  })
  if ((await listening) && child.pid !== undefined) {
    return { host: `unix://${join(run, 'docker.sock')}`, keeper: child.pid, stop }
  }
  await stop()
  throw new NetwrightError('NETWRIGHT_NO_ENGINE', `The engine (${kind}) did not start within ${startMs / 1000} s`, {
    command: argv.join(' '),
    stderr: words.split('\n').slice(-12).join('\n'),
    next: 'The engine’s last words are above; a machine that runs containers itself can set DOCKER_HOST instead.',
  })
}

/** The script that starts an engine, with its arguments. */
async function scriptOf(kind: EngineKind, limits: EngineLimits): Promise<readonly string[]> {
  const disk = String(limits.diskMebibytes ?? '')
  switch (kind) {
    case 'docker':
      return [here('inside.sh'), await provideEnginePrograms(), disk, limits.authorization ?? '']
    case 'docker-user':
      return [here('docker-user.sh'), await provideEnginePrograms()]
    case 'podman':
      return [here('podman.sh'), 'root', disk]
    case 'podman-user':
      return [here('podman.sh'), 'user', disk]
  }
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
