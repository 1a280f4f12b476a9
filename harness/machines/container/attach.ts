import { Duplex, PassThrough, type Readable } from 'node:stream'
import { attachedSplitter } from './attached-stream.ts'
import type { Engine } from './find-engine.ts'

/** Milliseconds until an engine that does not attach is given up. */
const attachMs = 10_000

/** The standard streams of a container. */
export interface Attached {
  /** Its stdin; when it ends, or the connection does, the container's stdin ends. */
  readonly input: Duplex
  /** Its stdout; what it says before anybody reads is kept. */
  readonly output: Readable
  /** The end of what it wrote to stderr. */
  readonly words: () => string
  /** Resolves when the engine has closed the connection, which may be before the container was started. */
  readonly ended: Promise<void>
}

/**
 * Attaches to a container, which need not have been started.
 *
 * @throws Error with the engine's words, or that it did not answer in time
 */
export async function attach(engine: Engine, id: string): Promise<Attached> {
  const input = await connect(engine, id)
  const output = new PassThrough({ highWaterMark: 1 << 22 })
  let words = ''
  const split = attachedSplitter((stream, bytes) => {
    if (stream === 'stdout') output.write(bytes)
    else words = (words + bytes.toString()).slice(-4096)
  })
  input.on('data', split)
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) input.on(event, () => resolve())
  })
  return { input, output, words: () => words.trim(), ended }
}

/**
 * The request has no body: dockerode's own `attach` sends its options in one as well, Docker drops that, and Podman hands
 * it to the container as the first bytes of its stdin.
 *
 * Source: Docker Engine API, "Attach to a container"; Podman 4.3, `HTTPAttach`
 */
async function connect(engine: Engine, id: string): Promise<Duplex> {
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
