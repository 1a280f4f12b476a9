import { execFile, spawn } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { machineConformance } from '../../../conformance.ts'
import { startEngine, type Engine, type EngineKind } from '../../../../scripts/engine/engine.ts'
import { containerMachine } from '../container-machine.ts'
import { findEngine } from '../find-engine.ts'
import { labImage } from '../lab-image.ts'
import { madeContainers, madeLabel } from '../owner.ts'
import { packUstar } from '../ustar.ts'

const run = promisify(execFile)

type OwnKind = Exclude<EngineKind, 'docker'>

/**
 * What an engine of the tests' own must do as root's Docker Engine does.
 *
 * @param privilege - what its containers' root is: `root`, or that of a `user namespace`
 */
export async function ownEngineTests(kind: OwnKind, privilege: string): Promise<void> {
  const engine = await startOwn(kind)
  if (typeof engine === 'string') {
    test(kind, (context) => {
      context.skip(engine)
    })
    return
  }
  afterAll(async () => {
    await engine.stop()
    expect(await leftOf(engine)).toBe('')
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
    const script = `
      const { containerMachine } = await import(${JSON.stringify(new URL('../container-machine.ts', import.meta.url).href)})
      await import('testcontainers')
      console.log('loaded')
      const machine = await containerMachine()
      await machine.openSandbox()
      console.log('open')
      setInterval(() => undefined, 1000)`
    const api = await findEngine()
    for (const ms of [60, 150, 250, 400, 'open', 'open'] as const) {
      const argv = ['--input-type=module', '-e', script]
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
      const closed = new Promise((resolve) => child.once('close', resolve))
      await new Promise<void>((resolve) =>
        child.stdout.on('data', (chunk: Buffer) => {
          if (String(chunk).includes(ms === 'open' ? 'open' : 'loaded')) resolve()
        }),
      )
      if (ms !== 'open') await new Promise((resolve) => setTimeout(resolve, ms))
      // The engine removes what it runs by itself; what was never started, the next start sweeps.
      const running = async (): Promise<number> =>
        (await api.listContainers({ filters: { label: [madeLabel], status: ['running'] } })).length
      if (ms === 'open') expect(await running()).toBe(1)
      child.kill('SIGKILL')
      await closed
      await expect.poll(running, { timeout: 5000, message: `killed at ${ms}` }).toBe(0)
    }
    await (await containerMachine()).dispose()
    expect(await madeContainers(api)).toEqual([])
    expect(await api.listImages({ filters: { label: [madeLabel], dangling: ['true'] } })).toEqual([])
  })
}

/** What an engine that has been stopped left on the machine: control groups, locks, processes. */
async function leftOf({ host }: Engine): Promise<string> {
  const name = basename(dirname(host))
  const find = `find /sys/fs/cgroup -name 'netwright-engine-${name}'; ls -d /dev/shm/libpod* 2>/dev/null; pgrep -fa '[/]${name}/'`
  return (await run('sh', ['-c', `${find} || true`])).stdout
}

/**
 * The engine, or why there is none. What Podman's own command cannot start here either is no fault of ours, and skipped
 * with its words.
 */
async function startOwn(kind: OwnKind): Promise<Engine | string> {
  const firstLine = (error: unknown): string =>
    ((error as { stderr?: string }).stderr ?? String(error)).trim().split('\n')[0] ?? ''
  const program = kind === 'docker-user' ? 'rootlesskit' : 'podman'
  const version = await run(program, ['--version']).catch(firstLine)
  if (typeof version === 'string') return `${program} is not here: ${version}`
  let engine: Engine
  try {
    engine = await startEngine(kind)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  process.env['DOCKER_HOST'] = engine.host
  if (kind === 'docker-user') return engine
  const { name: image } = await labImage(await findEngine())
  const argv = ['--url', engine.host, 'run', '--rm', '--privileged', '--network', 'none', image, 'true']
  const refusal = await run('podman', argv).catch(firstLine)
  if (typeof refusal !== 'string') return engine
  await engine.stop()
  return `Podman starts no privileged container here: ${refusal}`
}
