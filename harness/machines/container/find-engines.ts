import { realpath } from 'node:fs/promises'
import { refusalOf } from './engine-address.ts'
import { findEngine, usualSockets, type Engine } from './find-engine.ts'

/** An engine, and how DOCKER_HOST would name it. */
export interface FoundEngine {
  readonly host: string
  readonly engine: Engine
}

/**
 * Every engine that answers: the one that DOCKER_HOST names, else all at the usual sockets.
 *
 * @param passed - is told of each socket that this user may not open, and of each engine that is not well, and why
 * @throws NETWRIGHT_NO_ENGINE when DOCKER_HOST names one that does not answer
 */
export async function findEngines(passed: (host: string, why: string) => unknown): Promise<readonly FoundEngine[]> {
  const named = process.env['DOCKER_HOST'] ?? ''
  if (named !== '') return [{ host: named, engine: await findEngine() }]
  const sockets = new Map<string, string>()
  for (const path of usualSockets()) {
    const refusal = await refusalOf({ kind: 'socket', path })
    if (refusal?.kind === 'denied') passed(`unix://${path}`, 'may not be opened')
    // One may be another's link, as Debian's podman-docker makes one.
    if (refusal !== undefined || sockets.has(await realpath(path))) continue
    const illness = await refusalOf({ kind: 'socket', path }, '/info')
    if (illness === undefined) sockets.set(await realpath(path), path)
    else passed(`unix://${path}`, illness.text)
  }
  const [first, ...others] = sockets.values()
  if (first === undefined) return []
  process.env['DOCKER_HOST'] = `unix://${first}`
  const engine = await findEngine()
  // What testcontainers hands out is its client of one engine; the class is the same for all.
  const Client = engine.constructor as new (options: { readonly socketPath: string }) => Engine
  return [
    { host: `unix://${first}`, engine },
    ...others.map((socketPath) => ({ host: `unix://${socketPath}`, engine: new Client({ socketPath }) })),
  ]
}
