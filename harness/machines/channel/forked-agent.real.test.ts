import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { agentCommand, agentFile, localArch, openLocalAgent } from './agent-process.ts'
import type { AgentChannel } from './channel.ts'
import { openForkedAgent } from './forked-agent.ts'

let first: AgentChannel
const agent = agentCommand(agentFile, localArch())
const isRoot = process.geteuid?.() === 0
const asUser = ['--user', '--map-root-user']
const own = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const namespaces = isRoot ? own : [...asUser, ...own]

beforeAll(async () => {
  first = await openLocalAgent(['unshare', ...namespaces, ...agent])
})
afterAll(() => first.close())

test('a sandbox is PID 1 of namespaces of its own, and can make hosts', async () => {
  const { channel } = await openForkedAgent(first)
  onTestFinished(() => channel.close())
  const seen = (await channel.run(['sh', '-c', 'cat /proc/1/cmdline | tr "\\0" " "; ls /sys/class/net /proc/self/fd']))
    .stdout
  expect(seen.toString()).toMatch(/^perl /)
  const pid = await channel.makeHost()
  const place = { net: `/proc/${pid}/ns/net`, mnt: `/proc/${pid}/ns/mnt` }
  expect((await channel.run(['ip', '-o', 'link'], { place })).stdout.toString()).toMatch(/^1: lo: /)
})

test('keeps nothing open of the agent that it is a copy of', async () => {
  const [cat, host] = [await first.spawn(['cat']), await first.makeHost()]
  // Without root the first agent cannot return to the network it started in, which is another user's.
  const capture = isRoot ? await first.capture(`/proc/${host}/ns/net`, () => undefined) : undefined
  const { channel } = await openForkedAgent(first)
  onTestFinished(() => channel.close())
  // The copy's own: three streams, the ends of its commands, its network; and two streams of the command that looks.
  const listed = await channel.run(['sh', '-c', 'ls /proc/1/fd | wc -l'])
  expect(Number(listed.stdout.toString())).toBe(7)
  cat.stdin.end()
  expect(await cat.exit).toMatchObject({ code: 0 })
  capture?.close()
  expect((await channel.run(['echo', 'well'])).stdout.toString()).toBe('well\n')
})

test('takes nobody for a sandbox who does not know the password', async () => {
  let refused = 0
  let silent: Promise<unknown> | undefined
  const first2: AgentChannel = {
    ...first,
    startSandbox: async (address, password) => {
      silent = once(connect(`\0${address}`).resume(), 'close')
      await new Promise((resolve) => {
        const stranger = connect(`\0${address}`)
        stranger.on('error', () => undefined)
        stranger.on('close', () => resolve(refused++))
        stranger.resume()
        stranger.write(`${'0'.repeat(password.length)}and more`)
      })
      return first.startSandbox(address, password)
    },
  }
  const { channel } = await openForkedAgent(first2)
  onTestFinished(() => channel.close())
  expect(refused).toBe(1)
  // One that says nothing is not listened to any longer: it would keep this process alive.
  await silent
  await channel.ping()
})

test('says why there is none', async () => {
  const lost = { ...first, startSandbox: () => first.startSandbox('netwright-nobody-listens', 'password') }
  await expect(openForkedAgent(lost)).rejects.toMatchObject({
    code: 'NETWRIGHT_AGENT',
    details: { stderr: expect.stringContaining('connect: Connection refused') as string },
  })
  // In a user namespace of its own, whose limit is not the machine's.
  const limited = await openLocalAgent(['unshare', ...asUser, ...own, ...agent])
  onTestFinished(() => limited.close())
  expect(await limited.run(['sysctl', '-qw', 'user.max_net_namespaces=0'])).toMatchObject({ code: 0 })
  await expect(openForkedAgent(limited)).rejects.toMatchObject({
    code: 'NETWRIGHT_AGENT',
    details: { stderr: expect.stringContaining('unshare: No space left on device') as string },
  })
})

test('ends with the agent that it is a copy of, and alone', async () => {
  const carrier = await openLocalAgent(['unshare', ...namespaces, ...agent])
  const [one, other] = [await openForkedAgent(carrier), await openForkedAgent(carrier)]
  await carrier.run(['kill', '-9', String(one.pid)])
  await one.channel.closed
  await expect(one.channel.ping()).rejects.toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
  await other.channel.ping()
  await carrier.close()
  await other.channel.closed
})
