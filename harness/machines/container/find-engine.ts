import { stat } from 'node:fs/promises'
import { request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import { NetwrightError } from '../../model/errors.ts'

/** Milliseconds until an engine that does not answer is given up. */
const answerMs = 5000

/** What testcontainers hands out: the engine's API. */
export type Engine = ContainerRuntimeClient['container']['dockerode']

/**
 * The engine that DOCKER_HOST names, else the first that answers at the usual sockets: Docker's and Podman's, root's and
 * the user's own.
 *
 * @throws NETWRIGHT_NO_ENGINE with what each place said
 */
export async function findEngine(): Promise<Engine> {
  const named = process.env['DOCKER_HOST']
  const refusals: string[] = []
  if (named === undefined || named === '') {
    for (const socket of usualSockets()) {
      const refusal = await refusalOf(socket)
      if (refusal === undefined) {
        process.env['DOCKER_HOST'] = `unix://${socket}` // testcontainers looks there
        break
      }
      refusals.push(`${socket}: ${refusal}`)
    }
  } else if (named.startsWith('unix://')) {
    const refusal = await refusalOf(named.slice('unix://'.length))
    if (refusal !== undefined) throw noEngine(`DOCKER_HOST=${named}: ${refusal}`)
  }
  if ((process.env['DOCKER_HOST'] ?? '') === '') throw noEngine(refusals.join('\n'))
  // In a container, testcontainers asks another container where the engine is; no port of it is used here.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= 'localhost'
  const { getContainerRuntimeClient } = await import('testcontainers')
  try {
    return (await getContainerRuntimeClient()).container.dockerode
  } catch (cause) {
    throw noEngine(cause instanceof Error ? cause.message : String(cause))
  }
}

function usualSockets(): readonly string[] {
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

/** Why no engine answers at a socket. */
async function refusalOf(socketPath: string): Promise<string | undefined> {
  const there = await stat(socketPath).catch(() => undefined)
  if (there === undefined) return 'is not there'
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping', timeout: answerMs }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? undefined : `answers ${String(response.statusCode)}`)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer within ${answerMs / 1000} s`)))
    call.on('error', (error) => resolve(error.message))
    call.end()
  })
}

function noEngine(said: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_NO_ENGINE', 'No container engine answers', {
    stderr: said,
    next: 'Start Docker (`sudo systemctl start docker`) or Podman’s service (`systemctl --user start podman.socket`), or set DOCKER_HOST.',
  })
}
