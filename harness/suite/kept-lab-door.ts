import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, open, readFile, type FileHandle } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { NetwrightError } from '../model/errors.ts'
import type { Lab } from '../lab/lab.ts'
import { agentFile, localArch } from '../machines/channel/agent-process.ts'
import type { Channel } from '../machines/channel/channel.ts'
import { openChannel } from '../machines/channel/open-channel.ts'

/** A place of a lab that another process keeps. */
export interface EnteredPlace {
  /** Runs what it is asked to in that place. Ends with the lab, which ends with its run. */
  readonly channel: Channel
  readonly environment: Readonly<Record<string, string>>
}

/** Name of the socket of a process that keeps a lab; abstract, so that it ends with the process. */
const socketOf = (pid: number) => `\0netwright-lab-${String(pid)}`

/**
 * Lets processes of this machine into a lab that is kept, wherever the lab is: this process alone has a channel to it.
 * Only who may look into this process gets in: the key is in a file without a name that this one has open.
 *
 * @returns what closes the door, with all who are inside
 */
export async function openDoor(lab: Lab): Promise<() => Promise<void>> {
  const key = randomBytes(32).toString('hex')
  const keyFile = await namelessFile()
  await keyFile.write(key)
  const inside = new Set<Socket>()
  const server = createServer((socket) => {
    inside.add(socket)
    socket.on('close', () => inside.delete(socket)).on('error', () => socket.destroy())
    socket.write(`${String(keyFile.fd)}\n`)
    letIn(socket, lab, key).catch((error: unknown) => {
      socket.end(`${JSON.stringify({ refused: error instanceof Error ? error.message : String(error) })}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketOf(process.pid), resolve)
  })
  return async () => {
    for (const socket of inside) socket.destroy()
    server.close()
    await keyFile.close()
  }
}

/** Starts an agent in the place that is asked for, and carries its bytes. */
async function letIn(socket: Socket, lab: Lab, key: string): Promise<void> {
  const asked = JSON.parse(await readLine(socket)) as { readonly key?: unknown; readonly place?: unknown }
  if (asked.key !== key) throw new Error('the key is another')
  const target = lab.namespaces.get(String(asked.place))
  if (target === undefined) {
    throw new Error(`the lab has no place ${String(asked.place)}; there are: ${[...lab.namespaces.keys()].join(', ')}`)
  }
  // Its file may not be where the place's mounts are.
  const program = await readFile(agentFile, 'utf8')
  const env = lab.machine.environment
  const agent = await lab.channel.spawn(['perl', '-e', program, localArch()], { place: target.place, env })
  socket.write(`${JSON.stringify({ environment: env })}\n`)
  agent.stdin.on('error', () => undefined)
  socket.pipe(agent.stdin)
  agent.stdout.pipe(socket)
  // At the end of its stdin it ends what it runs.
  socket.on('close', () => agent.stdin.end())
}

/**
 * Enters a place of the lab that a process keeps.
 *
 * @throws NETWRIGHT_USAGE when that process keeps no lab, when it is another user's, or when the lab has no such place
 */
export async function enterDoor(pid: number, place: string): Promise<EnteredPlace> {
  const refusal = (why: string, cause?: unknown) =>
    new NetwrightError('NETWRIGHT_USAGE', why, {
      place: `netwright lab --enter ${String(pid)}:${place}`,
      next: 'A lab is kept until its run is let go; `netwright run --keep` prints what enters it.',
      cause,
    })
  const socket = connect(socketOf(pid))
  const closed = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(error.message)).on('close', () => resolve('the lab was let go'))
  })
  const fd = await readLine(socket).catch((cause: unknown) => {
    throw refusal(`process ${String(pid)} keeps no lab`, cause)
  })
  const key = await readFile(`/proc/${String(pid)}/fd/${fd}`, 'utf8').catch((cause: unknown) => {
    socket.destroy()
    throw refusal(`the lab of process ${String(pid)} is another user’s`, cause)
  })
  socket.write(`${JSON.stringify({ key, place })}\n`)
  const answer = JSON.parse(await readLine(socket)) as { refused?: string; environment?: Record<string, string> }
  if (answer.environment === undefined) {
    socket.destroy()
    throw refusal(answer.refused ?? 'the lab cannot be entered')
  }
  const channel = await openChannel({
    input: socket,
    output: socket,
    ended: closed,
    destroy: () => socket.destroy(),
  })
  return { channel, environment: answer.environment }
}

/** A line, and not a byte more: what follows is for others. */
async function readLine(socket: Socket): Promise<string> {
  let text = Buffer.alloc(0)
  for (;;) {
    const end = text.indexOf(10)
    if (end >= 0) {
      socket.unshift(text.subarray(end + 1))
      return text.subarray(0, end).toString()
    }
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) text = Buffer.concat([text, chunk])
    else await readable(socket)
  }
}

function readable(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (error?: Error) => reject(error ?? new Error('the connection was closed'))
    socket.once('readable', resolve).once('error', over).once('close', over)
  })
}

/** A file that is nobody's but this process's, and is gone with it (O_TMPFILE, open(2)). */
async function namelessFile(): Promise<FileHandle> {
  const flags = 0o20_000_000 | constants.O_DIRECTORY | constants.O_RDWR
  const shared = '/dev/shm'
  const folder = await access(shared, constants.W_OK).then(
    () => shared,
    () => tmpdir(),
  )
  return open(folder, flags, 0o600)
}
