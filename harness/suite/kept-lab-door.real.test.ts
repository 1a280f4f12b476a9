import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readlink, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openLab, type Lab } from '../lab/lab.ts'
import { topology, type Hosts } from '../lab/topology.ts'
import { underlay } from '../model/underlay.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { enterDoor, openDoor, type Door } from './kept-lab-door.ts'
import { checkListener, newKey, readKey } from './kept-lab-key.ts'

const hosts = underlay()
  .wire('lan', '10.9.0.0/24')
  .host('a', { eth0: 'lan 10.9.0.1/24' })
  .host('b', { eth0: 'lan 10.9.0.2/24' })
const build = async ({ a }: Hosts<'a' | 'b'>): Promise<void> => {
  await a.$`ip netns add ns1`
}
const pair = topology('pair', { underlay: hosts, build })

let machine: Machine
let lab: Lab
let door: Door

beforeAll(async () => {
  machine = await localMachine()
  lab = await openLab(machine, pair)
  await lab.build()
  door = await openDoor(lab)
})

afterAll(async () => {
  await door.close()
  await lab.dispose()
  await machine.dispose()
})

test.each([
  ['b', 'ip -4 -br addr show eth0', '10.9.0.2/24'],
  ['a', 'ip netns', 'ns1'],
  ['a/ns1', 'ip -br link', 'lo '],
])('whoever enters is in the namespaces of %s, and can be so twice', async (place, command, text) => {
  const [one, other] = await Promise.all([enterDoor(door.name, place), enterDoor(door.name, place)])
  for (const { channel, environment } of [one, other]) {
    const { stdout, code } = await channel.run(['sh', '-c', `${command}; cat`], { env: environment, input: 'typed' })
    expect(stdout.toString()).toMatch(new RegExp(`^${text}.*typed$|${text}[^]*typed$`))
    expect(code).toBe(0)
    await channel.close()
  }
})

test('what is wrong is said: a place that is not there, a process that keeps nothing', async () => {
  await expect(enterDoor(door.name, 'c')).rejects.toMatchObject({
    code: 'NETWRIGHT_USAGE',
    message: expect.stringMatching(/the lab has no place c; there are: .*a\/ns1/) as string,
  })
  // A lab may have many places to name.
  await expect(enterDoor(door.name, 'c'.repeat(4030))).rejects.toThrow(/the lab has no place c+; there are: .*a\/ns1/)
  await expect(enterDoor('1-abcd', 'a')).rejects.toThrow('process 1 keeps no lab')
})

const word = /[0-9a-f]{64}/.source
const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all']

test('another user has no key, and without it nobody gets in', async () => {
  const socket = connect(`\0netwright-lab-${door.name}`)
  const said: string[] = []
  socket.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  socket.write(`${'0'.repeat(64)}\n`)
  await once(socket, 'data')
  expect(said.join('')).toMatch(new RegExp(`^\\d+ ${word} ${word}\n$`))
  const file = `/proc/${String(process.pid)}/fd/${said.join('').split(' ')[0] ?? ''}`
  expect(await readlink(file)).toMatch(/\(deleted\)$/)
  if (process.geteuid?.() === 0) {
    await expect(promisify(execFile)('setpriv', [...asNobody, 'cat', file])).rejects.toThrow('Permission denied')
  }
  const closed = once(socket, 'close')
  socket.write(`${'1'.repeat(64)} a\n`)
  await closed
  expect(said.join('')).toContain('the key is another')
})

/** Something that answers as a kept lab would, in this process; `heard` is all that it was sent. */
async function fakeDoor(answer: (socket: Socket) => void) {
  const name = `${String(process.pid)}-${Math.random().toString(16).slice(2)}`
  let heard = ''
  let gone: Promise<unknown> = Promise.resolve()
  const server = createServer((socket) => {
    gone = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => (heard += chunk.toString()))
    answer(socket)
  })
  server.listen(`\0netwright-lab-${name}`)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { name, heard: () => gone.then(() => heard) }
}

/** A file with what could be a key, and a name. */
async function namedKey() {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-door-'))
  const file = await open(join(folder, 'key'), 'w+', 0o600)
  await file.write('0'.repeat(64))
  onTestFinished(async () => {
    await file.close()
    await rm(folder, { recursive: true })
  })
  return file
}

test.each([
  ['a path', () => '../../../../etc/hostname'],
  ['a file that has a name', async () => String((await namedKey()).fd)],
  ['standard input', () => '0'],
  ['no number', () => ''],
])('a stranger that calls %s its key has nothing read to it', async (_, fd) => {
  const hello = `${await fd()} ${'0'.repeat(64)} ${'0'.repeat(64)}\n`
  const fake = await fakeDoor((socket) => socket.write(hello))
  await expect(enterDoor(fake.name, 'a')).rejects.toThrow(`what process ${String(process.pid)} calls its key is none`)
  expect(await fake.heard()).toMatch(new RegExp(`^${word}\n$`))
})

test('a stranger that points at a true key and does not know it is told nothing', async () => {
  const { file } = await newKey()
  onTestFinished(() => file.close())
  const fake = await fakeDoor((socket) => socket.write(`${String(file.fd)} ${'0'.repeat(64)} ${'0'.repeat(64)}\n`))
  await expect(enterDoor(fake.name, 'a')).rejects.toThrow('does not have its key')
  expect(await fake.heard()).toMatch(new RegExp(`^${word}\n$`))
})

test('a process that answers in the name of another is found out before it is spoken to', async () => {
  const name = `${String(process.pid)}-f0`
  const program = `require('net').createServer((s) => s.on('data', (d) => console.log('heard', String(d))))
    .listen('\\0netwright-lab-${name}', () => console.log('ready'))`
  const other = spawn(process.execPath, ['-e', program], { stdio: 'pipe' })
  onTestFinished(() => void other.kill('SIGKILL'))
  let said = ''
  other.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(other.stdout, 'data')
  await expect(enterDoor(name, 'a')).rejects.toThrow('another process answers in the name of process')
  expect(said).toBe('ready\n')
})

test.each([
  ['says nothing', () => undefined, 'no answer within 2 s'],
  ['never ends its line', (socket: Socket) => socket.write('0'.repeat(100_000)), 'a line of more than 4096 bytes'],
  ['hangs up', (socket: Socket) => socket.end(), 'the connection was closed'],
])('a stranger that %s holds nobody', async (_, answer, text) => {
  const fake = await fakeDoor(answer)
  await expect(enterDoor(fake.name, 'a')).rejects.toThrow(text)
})

test('a guest that says nothing, or too much, is shown out', async () => {
  const socket = connect(`\0netwright-lab-${door.name}`)
  const [said] = (await once(socket, 'data')) as [Buffer]
  expect(said.toString()).toContain('no answer within 2 s')
  const loud = connect(`\0netwright-lab-${door.name}`).on('error', () => undefined)
  loud.write('0'.repeat(100_000))
  expect(String(await once(loud, 'data'))).toContain('a line of more than 4096 bytes')
})

test('what keeps from a key is said as it is', async () => {
  const { ppid, pid } = process
  await expect(readKey(2 ** 23, '3')).rejects.toThrow(`process ${String(2 ** 23)} keeps no lab`)
  await expect(readKey(pid, '999999')).rejects.toThrow(`process ${String(pid)} keeps no lab`)
  if (process.geteuid?.() !== 0) return
  process.seteuid?.(65534)
  onTestFinished(() => process.seteuid?.(0))
  await expect(readKey(ppid, '0')).rejects.toThrow(`the lab of process ${String(ppid)} is another user’s`)
  await expect(checkListener(ppid, `netwright-lab-${door.name}`)).rejects.toThrow('is another user’s')
})

test('labs that one process keeps have a door each; one that cannot be opened leaves no file open', async () => {
  const second = await openDoor(lab)
  expect(second.name).not.toBe(door.name)
  const { channel } = await enterDoor(second.name, 'b')
  expect((await channel.run(['hostname'])).code).toBe(0)
  await channel.close()
  const keys = async () => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
    return (await Promise.all(links)).filter((link) => /^\/dev\/shm\/.*\(deleted\)$/.test(link)).length
  }
  const before = await keys()
  await expect(openDoor(lab, second.name)).rejects.toThrow('EADDRINUSE')
  expect(await keys()).toBe(before)
  await second.close()
  expect(await keys()).toBe(before - 1)
})

test('the lab is let go with everybody in it, and the key with it', async () => {
  const { channel } = await enterDoor(door.name, 'a')
  const sleeping = channel.run(['sleep', '1000']).catch((error: unknown) => error)
  const before = (await readdir('/proc/self/fd')).length
  await door.close()
  expect(await sleeping).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
  await expect(enterDoor(door.name, 'a')).rejects.toThrow('keeps no lab')
  expect((await readdir('/proc/self/fd')).length).toBeLessThan(before)
  await expect.poll(async () => (await lab.channel.run(['pgrep', '-c', 'sleep'])).stdout.toString().trim()).toBe('0')
})
