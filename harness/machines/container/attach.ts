import { Duplex } from 'node:stream'
import type { Engine } from './find-engine.ts'

/** Milliseconds until an engine that does not attach is given up. */
const attachMs = 10_000

/**
 * Attaches to a container's stdin, stdout and stderr. The request has no body: dockerode's own `attach` sends its options
 * in one as well, Docker drops that, and Podman hands it to the container as the first bytes of its stdin.
 *
 * @returns the stream, whose output is in frames ({@link attachedSplitter})
 * @throws Error with the engine's words, or that it did not answer in time
 *
 * Source: Docker Engine API, "Attach to a container"; Podman 4.3, `HTTPAttach`
 */
export async function attach(engine: Engine, id: string): Promise<Duplex> {
  const attaching = new Promise<Duplex>((resolve, reject) => {
    const request = {
      method: 'POST',
      path: `/containers/${id}/attach?`,
      options: { stream: true, stdin: true, stdout: true, stderr: true },
      file: Buffer.alloc(0),
      headers: { 'Content-Type': 'text/plain' },
      hijack: true,
      openStdin: true,
      isStream: true,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    }
    engine.modem.dial(request, (error, stream) => {
      if (error !== null) reject(error)
      else if (stream instanceof Duplex) resolve(stream)
      else reject(new Error('the engine did not hand over the connection'))
    })
  })
  attaching.catch(() => undefined) // it may end after nobody waits for it any more
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const say = `the engine did not attach to the container within ${attachMs / 1000} s`
    timer = setTimeout(() => reject(new Error(say)), attachMs)
  })
  return Promise.race([attaching, late]).finally(() => clearTimeout(timer))
}
