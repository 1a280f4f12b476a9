import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RemoteProcess } from '../harness/machines/channel/channel.ts'
import { localMachine } from '../harness/machines/local/local-machine.ts'
import type { Machine } from '../harness/machines/machine.ts'

/*
 * The victims run in a PID and a mount namespace of their own (the channel to the machine itself), but in the network of
 * the machine: whatever is left of them is seen there, and what else runs on the machine is not. A network namespace
 * lives by the processes in it, by its mounts, and by open descriptors of processes: with none left it is freed.
 */

const root = dirname(import.meta.dirname)
const fixtures = join(root, 'tests/fixtures/leftovers')
const victim = join(fixtures, 'victim.ts')
const seed = Number(process.env['NETWRIGHT_SEED'] ?? Date.now() % 1_000_000)
const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LC_ALL: 'C' }

/** Folders for temporary files: the victims get empty ones, save where this checkout is in one. */
const temporary = ['/tmp', '/var/tmp', '/dev/shm'].filter((folder) => !root.startsWith(`${folder}/`))

let machine: Machine
let before: string
let processesBefore: string

/** Every process but the one that looks, by its command line. */
async function processes(): Promise<string> {
  const script =
    'for p in /proc/[0-9]*; do [ $p = /proc/$$ ] || { tr "\\0" " " < $p/cmdline; echo " ${p#/proc/}"; }; done 2>/dev/null'
  return (await machine.channel.run(['sh', '-c', script])).stdout.toString()
}
async function snapshot(): Promise<string> {
  const script = await readFile(join(fixtures, 'snapshot.sh'), 'utf8')
  const shown = await machine.channel.run(['bash', '-s', ...temporary], { input: script, env: machine.environment })
  return shown.stdout.toString()
}

/** Waits for the last process of a victim to end. Answers the milliseconds it took. */
async function cleared(): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const now = await processes()
    const ms = performance.now() - startedAt
    if (now === processesBefore) return ms
    if (ms > 5000) throw new Error(`still there 5 s after the end of the harness:\n${now}`)
  }
}

interface Victim {
  readonly process: RemoteProcess
  /** What it said so far. */
  readonly said: () => string
  /** Resolves when it has said a word. */
  readonly says: (word: string) => Promise<void>
}

async function start(...argv: readonly string[]): Promise<Victim> {
  const child = await machine.channel.spawn([process.execPath, ...argv], { env, cwd: root, timeoutMs: 30_000 })
  let text = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      for (const look of waiting) look()
    })
  }
  const says = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (text.includes(word)) resolve()
      }
      waiting.add(look)
      look()
      child.exit.then(
        ({ code }) => reject(new Error(`it ended with ${code} before it said "${word}":\n${text}`)),
        reject,
      )
    })
  return { process: child, said: () => text, says }
}

/** Numbers from 0 to 1 that a seed gives (mulberry32). */
function randomNumbers(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

beforeAll(async () => {
  machine = await localMachine()
  processesBefore = await processes() // the agent, and the holder by which the machine proved what it can
  expect(processesBefore.split('\n')).toHaveLength(3)
  const hide = temporary.map((folder) => `mount -t tmpfs none ${folder}`).join('\n')
  expect((await machine.channel.run(['sh', '-euc', hide])).stderr.toString()).toBe('')
  await snapshot() // loads what looking itself loads, nf_tables say
  await cleared()
  before = await snapshot()
})
afterAll(() => machine.dispose())

test('the snapshot sees what it is for', async () => {
  const run = (script: string) => machine.channel.run(['sh', '-c', script])
  expect(before).toContain('1: lo:')
  expect(before).toMatch(/net\/ipv4\/ip_forward:[01]/)
  expect(before.split('\n').length).toBeGreaterThan(500)
  const left = await run(`mkdir ${temporary[0]}/left; sleep 1000 & echo $!; unshare --net sleep 1001 & echo $!`)
  const now = await processes()
  const seen = (await snapshot()).split('\n').filter((line) => !before.includes(line))
  await run(`rmdir ${temporary[0]}/left; kill -9 ${left.stdout.toString().replaceAll('\n', ' ')}`)
  expect(now).not.toBe(processesBefore)
  expect(seen).toEqual([expect.stringContaining('/left'), expect.stringMatching(/^net:/)])
  await cleared()
  expect(await snapshot()).toBe(before)
})

test('kill -9 at 50 random moments leaves nothing', { timeout: 180_000 }, async () => {
  const spawned = performance.now()
  const whole = await start(victim, 'once')
  await whole.says('started')
  const began = performance.now()
  expect(await whole.process.exit).toMatchObject({ code: 0 })
  expect(whole.said()).toContain('met\nmet\ndisposed')
  const [loading, life] = [began - spawned, performance.now() - began]

  const random = randomNumbers(seed)
  const reached: Record<string, number> = {}
  const waits: number[] = []
  const early = 5
  async function killOne(i: number): Promise<void> {
    const { process: child, said, says } = await start(victim, 'loop')
    // The first few while it still loads, the others spread over all that it does then.
    if (i >= early) await says('started')
    const share = i < early ? (i + random()) / early : (i - early + random()) / (50 - early)
    await new Promise((resolve) => setTimeout(resolve, share * (i < early ? loading : life)))
    child.kill('SIGKILL')
    expect(await child.exit, `seed ${seed}`).toMatchObject({ signal: 'SIGKILL' })
    const last = said().trim().split('\n').at(-1) ?? ''
    reached[last] = (reached[last] ?? 0) + 1
  }
  for (let i = 0; i < 50; i += 2) {
    await Promise.all([killOne(i), killOne(i + 1)])
    waits.push(await cleared())
  }
  console.log(
    `kill -9: seed ${seed}, within ${Math.round(life)} ms; the last that was said: ${JSON.stringify(reached)}; ` +
      `all was gone after at most ${Math.round(Math.max(...waits))} ms`,
  )
  expect(await snapshot()).toBe(before)
})

test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s leaves nothing', async (signal) => {
  for (const moment of ['started', 'machine', 'built', 'measured']) {
    const { process: child, says } = await start(victim, 'loop')
    await says(moment)
    child.kill(signal)
    await child.exit
    await cleared()
  }
  expect(await snapshot()).toBe(before)
})

test.for([
  ['failing', 'NETWRIGHT_SCRIPT_FAILED'],
  ['hanging', 'NETWRIGHT_BUILD_TIMEOUT'],
] as const)('a %s build script leaves nothing', async ([mode, code]) => {
  const { process: child, said } = await start(victim, mode)
  expect(await child.exit).toMatchObject({ code: 0 })
  expect(said()).toContain(`not met ${code}\nnot met ${code}\ndisposed`)
  await cleared()
  expect(await snapshot()).toBe(before)
})

test('a test that vitest gives up leaves nothing', async () => {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const config = ['--config', join(fixtures, 'vitest.fixture.config.js'), '--configLoader', 'native']
  const { process: child, said } = await start(vitest, 'run', '--root', fixtures, ...config)
  expect(await child.exit).toMatchObject({ code: 1 })
  expect(said()).toContain('Test timed out in 500ms')
  await cleared()
  expect(await snapshot()).toBe(before)
})

/** The victim's processes whose command line begins so, the oldest first. */
async function pidsOf(beginning: string): Promise<number[]> {
  const known = processesBefore.split('\n')
  const lines = (await processes()).split('\n').filter((line) => line.startsWith(beginning) && !known.includes(line))
  return lines.map((line) => Number(line.split(' ').at(-1))).toSorted((a, b) => a - b)
}

test.for([
  ['agents are', 'perl ', 3],
  ['starter of the first agent is', 'unshare ', 1],
] as const)('kill -9 leaves nothing when the %s stopped', async ([, beginning, least]) => {
  const { process: child, says } = await start(victim, 'loop')
  await says('built')
  const pids = await pidsOf(beginning)
  expect(pids.length).toBeGreaterThanOrEqual(least)
  await machine.channel.run(['sh', '-c', `kill -STOP ${pids.join(' ')}`])
  child.kill('SIGKILL')
  await child.exit
  await cleared()
  expect(await snapshot()).toBe(before)
})

test.for([
  ['agents of its sandboxes are', 'perl ', 1],
  ['starter of the agent that they are copies of is', 'unshare ', 0],
] as const)('a run says so when the %s killed, and leaves nothing', async ([, beginning, spared]) => {
  const { process: child, says, said } = await start(victim, 'once')
  await says('built')
  const pids = await pidsOf(beginning) // the first is that of the machine's own channel
  expect(pids.length).toBeGreaterThan(spared)
  await machine.channel.run(['sh', '-c', `kill -9 ${pids.slice(spared).join(' ')}`])
  expect(await child.exit).toMatchObject({ code: 0 })
  expect(said()).toContain('NETWRIGHT_CHANNEL_CLOSED')
  await cleared()
  expect(await snapshot()).toBe(before)
})

test('an agent that is stopped does not keep a run from ending', async () => {
  const { process: child, says } = await start(victim, 'hanging')
  await says('built')
  const [, ...sandboxes] = await pidsOf('perl ')
  await machine.channel.run(['sh', '-c', `kill -STOP ${sandboxes.join(' ')}`])
  expect(await child.exit).toMatchObject({ code: 0 })
  await cleared()
  expect(await snapshot()).toBe(before)
})
