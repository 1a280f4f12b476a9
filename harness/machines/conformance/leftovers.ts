import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './subject.ts'

/** How another process of Node starts such a machine, so that it can be killed. */
export interface KilledStart {
  /** The module to import: `new URL('./teapot.ts', import.meta.url)`. */
  readonly module: URL
  /** The function of that module that starts a machine, and what it is called with. */
  readonly start: string
  readonly args?: readonly unknown[]
  /** What the kind could leave beside processes of this computer: containers, volumes, links. Compared with what it was before. */
  readonly left?: () => Promise<readonly string[]>
}

/** Milliseconds until nothing is left: nobody sweeps, so it has to go by itself. */
const endingMs = 15_000

/**
 * That nothing outlives a harness that was killed. Looked for are processes of this computer that have its environment or
 * what ran in its sandbox; what they cannot show is up to {@link KilledStart.left}.
 */
export function leftoverTests({ module, start, args = [], left = () => Promise.resolve([]) }: KilledStart): void {
  test('leaves nothing when the harness gets SIGKILL: with a sandbox open, and while it starts', async () => {
    const before = [...(await left())].sort()
    // A number that no other process sleeps for.
    const mark = `1${String(process.pid)}.${String(Date.now() % 1e6)}`
    const source = `
      const { ${start}: start } = await import(${JSON.stringify(module.href)})
      const machine = await start(...${JSON.stringify(args)})
      const sandbox = await machine.openSandbox()
      await sandbox.makeHost()
      await sandbox.spawn(['sleep', '${mark}'])
      console.log('open')
      setInterval(() => undefined, 1000)`
    const begin = () => {
      const argv = ['--input-type=module', '-e', source]
      const env = { ...process.env, NETWRIGHT_CONFORMANCE: mark }
      const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      return { child, exit: once(child, 'exit') }
    }
    const isGone = async (): Promise<string | true> => {
      const now = [...(await left())].sort()
      const all = [...(await processesOf(mark)), ...now.filter((one) => !before.includes(one))]
      return all.length === 0 || all.join('\n')
    }

    const startedAt = performance.now()
    const first = begin()
    await Promise.race([once(first.child.stdout, 'data'), first.exit])
    expect(first.child.exitCode, 'the child starts a machine').toBe(null)
    const startMs = performance.now() - startedAt
    const own = `${String(first.child.pid)} `
    expect((await processesOf(mark)).filter((one) => !one.startsWith(own))).not.toEqual([])
    first.child.kill('SIGKILL')
    await first.exit
    await eventually('nothing is left of a machine with a sandbox', isGone, endingMs)

    const second = begin()
    const ms = Math.round(startMs * Math.random())
    await pause(ms)
    second.child.kill('SIGKILL')
    await second.exit
    await eventually(`nothing is left of a start that was killed after ${String(ms)} ms`, isGone, endingMs)
  })
}

/** PID and command line of the processes that have a mark in their environment or their command line. */
async function processesOf(mark: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [environment, command] = await Promise.all(
        ['environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      )
      const words = (command ?? '').replaceAll('\0', ' ').trim()
      const isOurs = environment?.split('\0').includes(`NETWRIGHT_CONFORMANCE=${mark}`) === true
      return isOurs || words.endsWith(mark) ? [`${pid} ${words}`] : []
    }),
  )
  return found.flat()
}
