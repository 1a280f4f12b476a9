import { readFile, stat } from 'node:fs/promises'
import { request as plainRequest, type IncomingMessage } from 'node:http'
import { request as tlsRequest, type RequestOptions } from 'node:https'
import { join } from 'node:path'

/** Milliseconds until an engine that does not answer is given up. */
const answerMs = 5000

/** Where an engine listens. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: string }

/** Why no engine answers at an address. */
export interface Refusal {
  readonly kind: 'absent' | 'denied' | 'silent' | 'strange' | 'certificates'
  readonly text: string
}

/**
 * Reads DOCKER_HOST.
 *
 * @returns undefined for what is no address, or one by a way that is not spoken here, such as `ssh://`
 *
 * @example
 * readEngineAddress('unix:///run/podman/podman.sock') // { kind: 'socket', path: '/run/podman/podman.sock' }
 * readEngineAddress('tcp://192.0.2.1:2375') // { kind: 'tcp', host: '192.0.2.1', port: '2375' }
 */
export function readEngineAddress(text: string): EngineAddress | undefined {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(text) ?? []
  if (path !== undefined) return { kind: 'socket', path }
  if (!/^(tcp|https?):\/\//.test(text) || !URL.canParse(text)) return undefined
  // Of `tcp`, which it does not know, URL keeps the port whatever it is.
  const { hostname, port } = new URL(text.replace(/^https?:/, 'tcp:'))
  return hostname === '' ? undefined : { kind: 'tcp', host: hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

/**
 * Why no engine answers at an address; undefined when one does.
 *
 * @param path - of its API, what it is asked for
 */
export async function refusalOf(address: EngineAddress, path = '/_ping'): Promise<Refusal | undefined> {
  if (address.kind === 'socket') {
    const code = await stat(address.path).then(
      () => undefined,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    )
    if (code === 'EACCES') return { kind: 'denied', text: 'permission denied' }
    if (code !== undefined) return { kind: 'absent', text: 'is not there' }
  }
  const isSecret = address.kind === 'tcp' && process.env['DOCKER_TLS_VERIFY'] === '1'
  let keys: RequestOptions = {}
  try {
    if (isSecret) keys = await certificates()
  } catch (error) {
    return { kind: 'certificates', text: error instanceof Error ? error.message : String(error) }
  }
  const where = address.kind === 'socket' ? { socketPath: address.path } : { host: address.host, port: address.port }
  const options = { ...where, ...keys, path, timeout: answerMs }
  return new Promise((resolve) => {
    const answered = (response: IncomingMessage): void => {
      response.resume()
      const text = `answers ${String(response.statusCode)} to ${path}`
      resolve(response.statusCode === 200 ? undefined : { kind: 'strange', text })
    }
    const call = isSecret ? tlsRequest(options, answered) : plainRequest(options, answered)
    call.on('timeout', () => call.destroy(new Error(`no answer within ${answerMs / 1000} s`)))
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') resolve({ kind: 'denied', text: 'permission denied' })
      else resolve({ kind: 'silent', text: messageOf(error) })
    })
    call.end()
  })
}

async function certificates(): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const folder = process.env['DOCKER_CERT_PATH'] ?? ''
  const read = (name: string): Promise<Buffer> => readFile(join(folder, name))
  return { ca: await read('ca.pem'), cert: await read('cert.pem'), key: await read('key.pem') }
}

/** Of a name with several addresses, what was said at each. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map((one) => (one as Error).message).join(', ') : error.message
}
