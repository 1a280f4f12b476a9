import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import { readEngineAddress, refusalOf, type EngineAddress } from './engine-address.ts'
import { noAddress, noEngine, noEngineAt, overridden, type Tried } from './no-engine.ts'

/** What testcontainers hands out: the engine's API. */
export type Engine = ContainerRuntimeClient['container']['dockerode']

/**
 * The engine that DOCKER_HOST names, else the first that answers at the usual sockets: Docker's and Podman's, root's and
 * the user's own.
 *
 * @throws NETWRIGHT_NO_ENGINE with what each place said
 */
export async function findEngine(): Promise<Engine> {
  const named = process.env['DOCKER_HOST'] ?? ''
  const host = named === '' ? await firstThatAnswers() : named
  const address = readEngineAddress(host)
  if (address === undefined) throw noAddress(host)
  const refusal = named === '' ? undefined : await refusalOf(address)
  if (refusal !== undefined) throw noEngineAt(host, refusal)
  process.env['DOCKER_HOST'] = host // testcontainers looks there
  // In a container, testcontainers asks another container where the engine is; no port of it is used here.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= 'localhost'
  const { getContainerRuntimeClient } = await import('testcontainers')
  try {
    const { dockerode } = (await getContainerRuntimeClient()).container
    if (!isAt(dockerode, address)) throw new Error('another engine was taken for it')
    return dockerode
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    const unwell = await refusalOf(address, '/info')
    if (unwell === undefined && (await hasOwnHost())) throw overridden(host, settingsFile())
    throw noEngineAt(host, unwell ?? { kind: 'strange', text })
  }
}

/** Where the engine does not answer as it should, testcontainers goes on to other places. */
function isAt({ modem }: Engine, address: EngineAddress): boolean {
  const at = modem as { readonly socketPath?: string; readonly host?: string; readonly port?: string | number }
  if (address.kind === 'socket') return at.socketPath === address.path
  return at.host === address.host && (address.port === '' || String(at.port) === address.port)
}

/** Where testcontainers has its settings. */
const settingsFile = (): string => join(homedir(), '.testcontainers.properties')

/** Whether testcontainers is told of an engine that it tries before the one of DOCKER_HOST. */
async function hasOwnHost(): Promise<boolean> {
  const settings = await readFile(settingsFile(), 'utf8').catch(() => '')
  return /^\s*tc\.host\s*[=:]/m.test(settings)
}

async function firstThatAnswers(): Promise<string> {
  const tried: Tried[] = []
  for (const path of usualSockets()) {
    const refusal = await refusalOf({ kind: 'socket', path })
    if (refusal === undefined) return `unix://${path}`
    tried.push({ place: path, refusal })
  }
  throw noEngine(tried)
}

/** Where engines listen unless they are told otherwise. */
export function usualSockets(): readonly string[] {
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${String(process.geteuid?.() ?? 0)}`
  return [
    '/var/run/docker.sock',
    join(runtime, 'docker.sock'),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    '/run/podman/podman.sock',
    join(runtime, 'podman/podman.sock'),
  ]
}
