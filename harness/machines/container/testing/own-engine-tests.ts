import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { machineConformance } from '../../../conformance.ts'
import type { Engine, EngineKind } from '../../../../scripts/engine/engine.ts'
import { containerMachine } from '../container-machine.ts'
import { findEngine } from '../find-engine.ts'
import { labImage } from '../lab-image.ts'
import { madeContainers, madeLabel } from '../owner.ts'
import { packUstar } from '../ustar.ts'
import { killHarness } from './kill-harness.ts'
import { startOrSkip } from './start-or-skip.ts'

const run = promisify(execFile)

type OwnKind = Exclude<EngineKind, 'docker'>

/**
 * What an engine of the tests' own must do as root's Docker Engine does.
 *
 * @param privilege - what its containers' root is: `root`, or that of a `user namespace`
 */
export async function ownEngineTests(kind: OwnKind, privilege: string): Promise<void> {
  const locksBefore = await podmanLocks()
  const engine = await startOwn(kind)
  if (typeof engine === 'string') {
    test(kind, (context) => {
      context.skip(engine)
    })
    return
  }
  afterAll(async () => {
    const name = basename(dirname(engine.host))
    const running = await descendantsOf(engine.keeper)
    expect(Object.values(running)).toContain(kind === 'docker-user' ? 'dockerd' : 'podman')
    expect(await tracesOf(name, locksBefore)).toContain('keep.sh')
    await engine.stop()
    expect(await tracesOf(name, locksBefore)).toBe('')
    expect(Object.entries(running).filter(([pid]) => existsSync(`/proc/${pid}`))).toEqual([])
  })

  machineConformance(kind, () => containerMachine())

  test(`${kind}: says whose root it is`, async () => {
    const machine = await containerMachine()
    expect(machine.facts).toMatchObject({ kind: 'container', privilege })
    await machine.dispose()
    expect(await madeContainers(await findEngine())).toEqual([])
  })

  test(`${kind}: an image without a shell is refused, naming it`, async () => {
    const api = await findEngine()
    const body = Readable.from([packUstar([{ kind: 'folder', path: '/etc' }])], { objectMode: false })
    for await (const _ of await api.importImage(body, { repo: 'example/empty:1' }));
    await expect(containerMachine('example/empty:1')).rejects.toThrow(/lacks programs that labs need: sh \[/)
    expect(await madeContainers(api)).toEqual([])
  })

  test(`${kind}: leaves no container when the harness is killed, at whatever moment`, async () => {
    const api = await findEngine()
    for (const ms of [60, 150, 250, 400, 'open', 'open'] as const) {
      // The engine removes what it runs by itself; what was never started, the next start sweeps.
      const running = async (): Promise<number> =>
        (await api.listContainers({ filters: { label: [madeLabel], status: ['running'] } })).length
      await killHarness(ms, async () => {
        if (ms === 'open') expect(await running()).toBe(1)
      })
      await expect.poll(running, { timeout: 5000, message: `killed at ${ms}` }).toBe(0)
    }
    await (await containerMachine()).dispose()
    expect(await madeContainers(api)).toEqual([])
    expect(await api.listImages({ filters: { label: [madeLabel], dangling: ['true'] } })).toEqual([])
  })
}

/** What of an engine is on the machine: control groups, processes, and locks that were not there before it. */
async function tracesOf(name: string, locksBefore: readonly string[]): Promise<string> {
  const find = `find /sys/fs/cgroup -name 'netwright-engine-${name}'; pgrep -fa '[/]${name}' || true`
  const locks = (await podmanLocks()).filter((lock) => !locksBefore.includes(lock))
  return (await run('sh', ['-c', find])).stdout + locks.join('\n')
}

/** The names of the processes below one, by PID: those of an ordinary user's engine do not name its folder. */
async function descendantsOf(ancestor: number): Promise<Readonly<Record<number, string>>> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,comm='])
  const all = [...stdout.matchAll(/^ *(\d+) +(\d+) +(.*)$/gm)]
  const found = new Map<number, string>()
  const parents = new Set([ancestor])
  for (const parent of parents) {
    for (const [, pid, ppid, name = ''] of all) {
      if (Number(ppid) !== parent) continue
      parents.add(Number(pid))
      found.set(Number(pid), name)
    }
  }
  return Object.fromEntries(found)
}

const podmanLocks = async (): Promise<readonly string[]> =>
  (await readdir('/dev/shm')).filter((name) => name.startsWith('libpod'))

/**
 * The engine, or what the machine lacks for it. Where the kernel does not permit Podman's own command a privileged
 * container either, that is no fault of ours, and skipped with its words.
 */
async function startOwn(kind: OwnKind): Promise<Engine | string> {
  const engine = await startOrSkip(kind)
  if (typeof engine === 'string') return engine
  process.env['DOCKER_HOST'] = engine.host
  if (kind === 'docker-user') return engine
  const { name: image } = await labImage(await findEngine())
  const argv = ['--url', engine.host, 'run', '--rm', '--privileged', '--network', 'none', image, 'true']
  const refusal = await run('podman', argv).then(
    () => undefined,
    (error: unknown) => (error as { stderr?: string }).stderr?.trim() ?? String(error),
  )
  if (refusal === undefined) return engine
  await engine.stop()
  const text = `Podman starts no privileged container here: ${refusal}`
  if (/operation not permitted|permission denied|unable to apply caps/i.test(refusal)) return text
  throw new Error(text)
}
