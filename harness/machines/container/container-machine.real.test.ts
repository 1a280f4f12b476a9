import { execFileSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { machineConformance } from '../../conformance.ts'
import type { Engine } from '../../../scripts/engine/engine.ts'
import type { ArchiveEntry } from '../vm/newc.ts'
import { findUserland, userlandEntries } from '../vm/userland.ts'
import { containerMachine, containerObstacle } from './container-machine.ts'
import { findEngine, type Engine as EngineApi } from './find-engine.ts'
import { labImage } from './lab-image.ts'
import { madeContainers, madeLabel, ownLabels } from './owner.ts'
import { killHarness } from './testing/kill-harness.ts'
import { startOrSkip } from './testing/start-or-skip.ts'
import { packUstar } from './ustar.ts'

/** An engine of this test's own where none answers, or the one that does starts no privileged containers. */
let engine: Engine | undefined
let reason = await containerObstacle()
if (reason !== undefined) {
  const own = await startOrSkip('docker')
  if (typeof own === 'string') {
    reason = `${reason}; ${own}`
  } else {
    engine = own
    process.env['DOCKER_HOST'] = engine.host
    reason = await containerObstacle()
    // Anything else that an engine of our own refuses is a failure of ours.
    if (reason !== undefined && !/privileges that labs need|NETWRIGHT_TOOL_MISSING/.test(reason))
      throw new Error(reason)
  }
}

afterAll(() => engine?.stop())

if (reason === undefined) {
  machineConformance('container', () => containerMachine(), {
    module: new URL('./container-machine.ts', import.meta.url),
    start: 'containerMachine',
    left: async () => {
      const running = await (await findEngine()).listContainers({ filters: { label: [madeLabel] } })
      return running.map(({ Id: id }) => `container ${id}`)
    },
  })
} else {
  test('container', (context) => {
    context.skip(reason)
  })
}

if (reason === undefined) {
  test('an image of the user’s carries labs when it holds the tools; the agent is brought along', async () => {
    const api = await findEngine()
    await api.getImage((await labImage(api)).name).tag({ repo: 'example/lab', tag: '1' })
    onTestFinished(() => removeImage(api, 'example/lab:1'))
    const machine = await containerMachine('example/lab:1')
    expect(machine).toMatchObject({ name: 'container:example/lab:1', facts: { kind: 'container', privilege: 'root' } })
    const sandbox = await machine.openSandbox()
    expect((await sandbox.run(['ip', 'link', 'add', 'nw0', 'type', 'veth'])).code).toBe(0)
    await machine.dispose()
    expect(await madeContainers(api)).toEqual([])
  })

  test('an image without the tools is refused, naming them', async () => {
    const { programs, data, fingerprint } = await findUserland()
    const fewer = new Map([...programs].filter(([name]) => !['ip', 'ping'].includes(name)))
    const api = await findEngine()
    await bring(api, 'example/bare:1', await userlandEntries({ programs: fewer, data, fingerprint }))
    await bring(api, 'example/empty:1', [{ kind: 'folder', path: '/etc' }])
    for (const [image, lacking] of [
      ['example/bare:1', 'ip of iproute2, ping of iputils'],
      ['example/empty:1', 'sh'],
    ] as const) {
      await expect(containerMachine(image)).rejects.toMatchObject({
        code: 'NETWRIGHT_CONTAINER',
        message: expect.stringContaining(`The image ${image} lacks programs that labs need: ${lacking} [`) as string,
      })
    }
    expect(await madeContainers(api)).toEqual([])
  })

  // As an Alpine image is after `apk add perl bash`.
  test('an image with BusyBox’s programs is refused until it has those that labs need', async (context) => {
    const { programs, data, fingerprint } = await findUserland()
    const busybox = programs.get('udhcpc')
    if (busybox === undefined) return context.skip('busybox is not here (apt-get install udhcpc)')
    const api = await findEngine()
    const replaced = ['unshare', 'nsenter', 'ip', 'ping', 'mount', 'umount', 'cat', 'grep', 'readlink']
    const needed = ['unshare', 'ip', 'ping']
    const withBusybox = (names: readonly string[]) =>
      userlandEntries({
        programs: new Map([...programs, ...names.map((n) => [n, busybox] as const)]),
        data,
        fingerprint,
      })
    await bring(api, 'example/busybox:1', await withBusybox(replaced))
    await expect(containerMachine('example/busybox:1')).rejects.toMatchObject({
      code: 'NETWRIGHT_CONTAINER',
      message: expect.stringContaining(
        'The image example/busybox:1 lacks programs that labs need: unshare of util-linux, ip of iproute2, ping of iputils [',
      ) as string,
    })
    expect(await madeContainers(api)).toEqual([])
    await bring(api, 'example/mended:1', await withBusybox(replaced.filter((name) => !needed.includes(name))))
    const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
    const argv = [main, 'run', 'macvlan-in-action/second-host', '--on', 'container:example/mended:1']
    const said = execFileSync(process.execPath, argv, { stdio: 'pipe' }).toString()
    expect(said).toMatch(/^ *[1-9]\d* met · 0 not met · 0 skipped/m)
    await expect.poll(() => madeContainers(api), { timeout: 5000 }).toEqual([])
  })

  test('an image that is nowhere is refused with the engine’s words', async () => {
    const error: unknown = await containerMachine('localhost:1/nobody/nothing:9').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'NETWRIGHT_CONTAINER' })
    expect(String(error)).toMatch(
      /The engine cannot get the image localhost:1\/nobody\/nothing:9[^]*Bring it to the engine: `docker pull`/,
    )
  })

  test('`netwright clean` lists and removes what nobody uses, and nothing that it did not make', async () => {
    const api = await findEngine()
    const { name: image } = await labImage(api)
    await api.getImage(image).tag({ repo: 'example/mine', tag: '1' })
    onTestFinished(() => removeImage(api, 'example/mine:1'))
    const create = (name: string, Labels: Record<string, string>) =>
      api.createContainer({ Image: 'example/mine:1', name, Labels, Cmd: ['true'] })
    const own = await ownLabels()
    const ofDeadProcess = Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, value.replace(/ \d+$/, ' 1')]),
    )
    const left = await create('nw-left', ofDeadProcess)
    const used = await create('nw-used', own)
    const foreign = await create('nw-foreign', {})
    onTestFinished(async () => {
      for (const one of [used, foreign]) await one.remove({ force: true })
    })
    const clean = (...args: readonly string[]): string => {
      const argv = [fileURLToPath(new URL('../../cli/main.ts', import.meta.url)), 'clean', ...args]
      return execFileSync(process.execPath, argv, { stdio: 'pipe' }).toString()
    }
    const listed = clean('--list')
    expect(listed).toMatch(/^container +nw-left$/m)
    expect(listed).toMatch(new RegExp(`^image +${image}`, 'm'))
    expect(listed).not.toMatch(/nw-used|nw-foreign|example/)
    await left.inspect()
    expect(clean()).toBe(listed)
    await expect(left.inspect()).rejects.toMatchObject({ statusCode: 404 })
    for (const one of [used, foreign]) await one.inspect()
    await api.getImage('example/mine:1').inspect()
    expect(clean()).toBe('')
  })

  test('leaves no container when the harness is killed, at whatever moment', async () => {
    const api = await findEngine()
    const mine = { label: [madeLabel] }
    for (const ms of [0, 40, 80, 120, 160, 200, 300, 'open', 'open', 'open'] as const) {
      await killHarness(ms)
      // The engine removes what it runs by itself; what was never started, the next start sweeps.
      const running = async (): Promise<number> => (await api.listContainers({ filters: mine })).length
      await expect.poll(running, { timeout: 5000, message: `killed at ${ms}` }).toBe(0)
    }
    await (await containerMachine()).dispose()
    expect(await madeContainers(api)).toEqual([])
    const untagged = await api.listImages({ filters: { ...mine, dangling: ['true'] } })
    expect(untagged).toEqual([])
  })
}

async function bring(api: EngineApi, name: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const body = Readable.from([packUstar(entries)], { objectMode: false })
  for await (const _ of await api.importImage(body, { repo: name }));
  onTestFinished(() => removeImage(api, name))
}

async function removeImage(api: EngineApi, name: string): Promise<void> {
  await api.getImage(name).remove()
}
