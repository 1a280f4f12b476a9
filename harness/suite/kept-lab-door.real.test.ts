import { execFile } from 'node:child_process'
import { readlink, readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLab, type Lab } from '../lab/lab.ts'
import { topology, type Hosts } from '../lab/topology.ts'
import { underlay } from '../model/underlay.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { enterDoor, openDoor } from './kept-lab-door.ts'

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
let close: () => Promise<void>

beforeAll(async () => {
  machine = await localMachine()
  lab = await openLab(machine, pair)
  await lab.build()
  close = await openDoor(lab)
})

afterAll(async () => {
  await close()
  await lab.dispose()
  await machine.dispose()
})

test.each([
  ['b', 'ip -4 -br addr show eth0', '10.9.0.2/24'],
  ['a', 'ip netns', 'ns1'],
  ['a/ns1', 'ip -br link', 'lo '],
])('whoever enters is in the namespaces of %s, and can be so twice', async (place, command, text) => {
  const [one, other] = await Promise.all([enterDoor(process.pid, place), enterDoor(process.pid, place)])
  for (const { channel, environment } of [one, other]) {
    const { stdout, code } = await channel.run(['sh', '-c', `${command}; cat`], { env: environment, input: 'typed' })
    expect(stdout.toString()).toMatch(new RegExp(`^${text}.*typed$|${text}[^]*typed$`))
    expect(code).toBe(0)
    await channel.close()
  }
})

test('what is wrong is said: a place that is not there, a process that keeps nothing', async () => {
  await expect(enterDoor(process.pid, 'c')).rejects.toMatchObject({
    code: 'NETWRIGHT_USAGE',
    message: expect.stringMatching(/the lab has no place c; there are: .*a\/ns1/) as string,
  })
  await expect(enterDoor(1, 'a')).rejects.toThrow('process 1 keeps no lab')
})

test('another user has no key, and without it nobody gets in', async () => {
  const socket = connect(`\0netwright-lab-${String(process.pid)}`)
  const said: string[] = []
  socket.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  await new Promise((resolve) => socket.once('data', resolve))
  const file = `/proc/${String(process.pid)}/fd/${said.join('').trim()}`
  expect(await readlink(file)).toMatch(/\(deleted\)$/)
  if (process.geteuid?.() === 0) {
    const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all', 'cat', file]
    await expect(promisify(execFile)('setpriv', asNobody)).rejects.toThrow('Permission denied')
  }
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('{"key":"guessed","place":"a"}\n')
  await closed
  expect(said.join('')).toContain('the key is another')
})

test('the lab is let go with everybody in it, and the key with it', async () => {
  const { channel } = await enterDoor(process.pid, 'a')
  const sleeping = channel.run(['sleep', '1000']).catch((error: unknown) => error)
  const before = (await readdir('/proc/self/fd')).length
  await close()
  expect(await sleeping).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
  await expect(enterDoor(process.pid, 'a')).rejects.toThrow('keeps no lab')
  expect((await readdir('/proc/self/fd')).length).toBeLessThan(before)
  await expect.poll(async () => (await lab.channel.run(['pgrep', '-c', 'sleep'])).stdout.toString().trim()).toBe('0')
})
