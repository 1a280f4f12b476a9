import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { KeptLab } from '../suite/keep-lab.ts'
import { isSameProof, randomWord } from '../suite/kept-lab-key.ts'
import { readLine } from '../suite/read-line.ts'

/** Milliseconds until who connects has said the password; the machine may be busy. */
const passwordMs = 10_000

/** The end of the command line for labs that are to be kept. */
export interface KeptLabs {
  /** Name of the socket and the password there, for the processes that run scenarios. */
  readonly socket: string
  /** Lets the lab go that is kept, and all that would follow. */
  readonly release: () => void
  readonly close: () => void
}

/**
 * Keeps the first lab whose scenario fails, and lets later ones go. An abstract socket, because the kernel takes it away
 * with this process: a lab is kept for as long as its connection is held, and by nobody after a `kill -9`. Anybody of the
 * machine can connect to it, and is not listened to without the password.
 */
export async function openKeptLabs(kept: (lab: KeptLab) => void): Promise<KeptLabs> {
  const name = `netwright-keep-${String(process.pid)}`
  const password = randomWord()
  let holding: Socket | undefined
  let released = false
  const server = createServer((connection) => {
    connection.on('error', () => connection.destroy())
    const hold = (said: string) => {
      if (!isSameProof(said, password) || holding !== undefined || released) {
        connection.destroy()
        return
      }
      holding = connection
      createInterface(connection).once('line', (line) => kept(JSON.parse(line) as KeptLab))
    }
    readLine(connection, passwordMs).then(hold, () => connection.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(`\0${name}`, resolve)
  })
  const release = () => {
    released = true
    holding?.destroy()
  }
  return {
    socket: `${name} ${password}`,
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
