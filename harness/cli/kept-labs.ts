import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { KeptLab } from '../suite/keep-lab.ts'

/** The end of the command line for labs that are to be kept. */
export interface KeptLabs {
  /** Name of the socket, for the processes that run scenarios. */
  readonly socket: string
  /** Lets the lab go that is kept, and all that would follow. */
  readonly release: () => void
  readonly close: () => void
}

/**
 * Keeps the first lab whose scenario fails, and lets later ones go. An abstract socket, because the kernel takes it away
 * with this process: a lab is kept for as long as its connection is held, and by nobody after a `kill -9`.
 */
export async function openKeptLabs(kept: (lab: KeptLab) => void): Promise<KeptLabs> {
  const socket = `netwright-keep-${String(process.pid)}`
  let holding: Socket | undefined
  let released = false
  const server = createServer((connection) => {
    connection.on('error', () => connection.destroy())
    if (holding !== undefined || released) {
      connection.end()
      return
    }
    holding = connection
    createInterface(connection).once('line', (line) => kept(JSON.parse(line) as KeptLab))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(`\0${socket}`, resolve)
  })
  const release = () => {
    released = true
    holding?.destroy()
  }
  return {
    socket,
    release,
    close: () => {
      release()
      server.close()
    },
  }
}

/**
 * Lets the lab go when a line comes, or nothing can come any more.
 *
 * @returns a function that ends the waiting
 */
export function releaseOnEnter(input: NodeJS.ReadableStream, { release }: KeptLabs): () => void {
  const lines = createInterface(input).once('line', release).once('close', release)
  return () => lines.close()
}

/** How a kept lab is told of: what it is, and what to type to get into it. */
export function keptLabText({ suite, scenario, enter }: KeptLab): string {
  const commands = Object.entries(enter)
  const width = Math.max(...commands.map(([id]) => id.length))
  return [
    `The lab of “${scenario}” (${suite}) is kept. In another terminal:`,
    ...commands.map(([id, command]) => `  ${id.padEnd(width)}  ${command}`),
    'Enter lets it go; Ctrl-C ends the run.',
  ].join('\n')
}
