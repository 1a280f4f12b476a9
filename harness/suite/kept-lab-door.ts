import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { NetwrightError } from '../model/errors.ts'
import type { Lab } from '../lab/lab.ts'
import { agentFile, localArch } from '../machines/channel/agent-process.ts'
import type { Channel } from '../machines/channel/channel.ts'
import { openChannel } from '../machines/channel/open-channel.ts'
import { checkListener, isSameProof, newKey, prove, randomWord, readKey } from './kept-lab-key.ts'
import { readLine } from './read-line.ts'

/** A place of a lab that another process keeps. */
export interface EnteredPlace {
  /** Runs what it is asked to in that place. Ends with the lab, which ends with its run. */
  readonly channel: Channel
  readonly environment: Readonly<Record<string, string>>
}

/** The door of a lab that is kept. */
export interface Door {
  /** What is to be told whoever shall enter: the process, and which of its doors: `3977-5e0c91d2`. */
  readonly name: string
  /** Closes it, with all who are inside. */
  readonly close: () => Promise<void>
}

/** Milliseconds for each line that the two tell each other who they are with. */
const helloMs = 2000
/** Milliseconds until a lab has an agent in the place; processors of VMs may be emulated. */
const agentMs = 30_000
/** Bytes of its answer: an environment, or the places that there are. */
const answerBytes = 1 << 20

/** Name of the socket of a door; abstract, so that it ends with its process. */
const socketOf = (door: string) => `netwright-lab-${door}`
const newName = () => `${String(process.pid)}-${randomBytes(4).toString('hex')}`

/**
 * Lets processes of this machine into a lab that is kept, wherever the lab is: this process alone has a channel to it.
 * Only who may look into this process gets in: the key is in a file without a name that this one has open. It is never
 * told: the guest sends a challenge, the door proves that it has the key and sends its own, the guest proves the same.
 *
 * @param name - name of the door, when not a new one
 */
export async function openDoor(lab: Lab, name = newName()): Promise<Door> {
  const { key, file } = await newKey()
  const inside = new Set<Socket>()
  const server = createServer((socket) => {
    inside.add(socket)
    socket.on('close', () => inside.delete(socket)).on('error', () => socket.destroy())
    letIn(socket, lab, { name, key, fd: file.fd }).catch((error: unknown) => {
      socket.end(`${JSON.stringify({ refused: error instanceof Error ? error.message : String(error) })}\n`)
    })
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(`\0${socketOf(name)}`, resolve)
    })
  } catch (error) {
    await file.close()
    throw error
  }
  const close = async () => {
    for (const socket of inside) socket.destroy()
    server.close()
    await file.close()
  }
  return { name, close }
}

/** Starts an agent in the place that is asked for, and carries its bytes. */
async function letIn(socket: Socket, lab: Lab, door: { name: string; key: string; fd: number }): Promise<void> {
  const asked = await readLine(socket, helloMs)
  const challenge = randomWord()
  const conversation = [door.name, asked, challenge]
  socket.write(`${String(door.fd)} ${challenge} ${prove(door.key, 'door', conversation)}\n`)
  const [, proof = '', place = ''] = /^(\w+) (.*)$/.exec(await readLine(socket, helloMs)) ?? []
  if (!isSameProof(proof, prove(door.key, 'guest', [...conversation, place]))) throw new Error('the key is another')
  const target = lab.namespaces.get(place)
  if (target === undefined) {
    throw new Error(`the lab has no place ${place}; there are: ${[...lab.namespaces.keys()].join(', ')}`)
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
 * @param door - its name, as {@link Door} has it
 * @throws NETWRIGHT_USAGE when that process keeps no lab, when it is another user's, when somebody else answers in its
 *   name, or when the lab has no such place
 */
export async function enterDoor(door: string, place: string): Promise<EnteredPlace> {
  const pid = Number.parseInt(door, 10)
  try {
    await checkListener(pid, socketOf(door))
    return await enter(connect(`\0${socketOf(door)}`), pid, door, place)
  } catch (cause) {
    if (cause instanceof NetwrightError) throw cause
    throw new NetwrightError('NETWRIGHT_USAGE', cause instanceof Error ? cause.message : String(cause), {
      place: `netwright lab --enter ${door}:${place}`,
      next: 'A lab is kept until its run is let go; `netwright run --keep` prints what enters it.',
      cause,
    })
  }
}

async function enter(socket: Socket, pid: number, door: string, place: string): Promise<EnteredPlace> {
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(error.message)).on('close', () => resolve('the lab was let go'))
  })
  const destroy = () => void socket.destroy()
  try {
    const environment = await introduce(socket, pid, door, place)
    return { channel: await openChannel({ input: socket, output: socket, ended, destroy }), environment }
  } catch (error) {
    destroy()
    throw error
  }
}

/** Has the door prove what it is before it is told anything; answers the environment of the lab. */
async function introduce(
  socket: Socket,
  pid: number,
  door: string,
  place: string,
): Promise<Readonly<Record<string, string>>> {
  const asked = randomWord()
  socket.write(`${asked}\n`)
  const hello = await readLine(socket, helloMs)
  const [fd = '', challenge = '', proof = ''] = hello.split(' ')
  const key = await readKey(pid, fd)
  const conversation = [door, asked, challenge]
  if (!isSameProof(proof, prove(key, 'door', conversation))) {
    throw new Error(`what answers in the name of process ${String(pid)} does not have its key`)
  }
  socket.write(`${prove(key, 'guest', [...conversation, place])} ${place}\n`)
  const answer = JSON.parse(await readLine(socket, agentMs, answerBytes)) as {
    readonly refused?: string
    readonly environment?: Readonly<Record<string, string>>
  }
  if (answer.environment === undefined) throw new Error(answer.refused ?? 'the lab cannot be entered')
  return answer.environment
}
