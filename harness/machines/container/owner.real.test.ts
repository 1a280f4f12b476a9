import { spawn } from 'node:child_process'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startOrSkip } from './testing/start-or-skip.ts'
import { killHarness } from './testing/kill-harness.ts'
import { findEngine } from './find-engine.ts'
import { labImage } from './lab-image.ts'
import { madeContainers, ownLabels, sweepContainers } from './owner.ts'

const engine = await startOrSkip('docker')
if (typeof engine === 'string') {
  test('owners', (context) => {
    context.skip(engine)
  })
} else {
  process.env['DOCKER_HOST'] = engine.host
  afterAll(() => engine.stop())

  const minutes = 60_000
  const create = async (name: string, change: (owner: string) => string, ...cmd: readonly string[]) => {
    const api = await findEngine()
    const { name: image } = await labImage(api)
    const labels = await ownLabels()
    const Labels = { ...labels, 'org.netwright.owner': change(labels['org.netwright.owner'] ?? '') }
    const HostConfig = { NetworkMode: 'none' }
    const made = await api.createContainer({ Image: image, name, Labels, Cmd: [...cmd], HostConfig })
    onTestFinished(() => made.remove({ force: true }).catch(() => undefined))
    return made
  }
  const names = async (now?: number): Promise<Readonly<Record<string, boolean>>> =>
    Object.fromEntries((await madeContainers(await findEngine(), now)).map(({ name, inUse }) => [name, inUse]))

  test('a run in another PID namespace keeps its container, whoever sweeps; killed, it leaves none', async () => {
    const api = await findEngine()
    const running = async () => (await api.listContainers()).length
    // As two CI jobs in containers that share one engine.
    const before = async () => {
      expect(await running()).toBe(1)
      expect(Object.values(await names())).toEqual([true])
      await sweepContainers(api)
      expect(await running()).toBe(1)
    }
    await killHarness('open', before, ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'])
    await expect.poll(running, { timeout: 5000 }).toBe(0)
  })

  test('a container of before a reboot, or of a PID namespace that cannot be seen into, is left after some minutes', async () => {
    const boot = (owner: string) => owner.replace(/^\S+/, '00000000-0000-4000-8000-000000000000')
    const namespace = (owner: string) => owner.replace(/pid:\[\d+\]/, 'pid:[1]')
    expect(namespace('x pid:[7] 1 2')).toBe('x pid:[1] 1 2')
    for (const [name, change] of Object.entries({ boot, namespace })) {
      const never = await create(`nw-${name}-created`, change, 'true')
      const over = await create(`nw-${name}-exited`, change, 'true')
      await over.start()
      await over.wait()
      const live = await create(`nw-${name}-running`, change, 'sleep', '60')
      await live.start()
      expect(await names()).toMatchObject({
        [`nw-${name}-created`]: true,
        [`nw-${name}-exited`]: true,
        [`nw-${name}-running`]: true,
      })
      const later = Date.now() + 15 * minutes
      expect(await names(later)).toMatchObject({
        [`nw-${name}-created`]: false,
        [`nw-${name}-exited`]: false,
        // Were its maker gone, it would have ended: its stdin is its maker's stream.
        [`nw-${name}-running`]: true,
      })
      const api = await findEngine()
      await sweepContainers(api, later)
      for (const gone of [never, over]) await expect(gone.inspect()).rejects.toMatchObject({ statusCode: 404 })
      expect((await live.inspect()).State.Running).toBe(true)
    }
  })

  test('one whose maker is gone is left at once, one whose number another process has as well', async () => {
    await create('nw-mine', (owner) => owner, 'true')
    await create('nw-reused', (owner) => owner.replace(/ \d+$/, ' 1'), 'true')
    const ended = spawn('true')
    await new Promise((resolve) => ended.once('close', resolve))
    await create('nw-ended', (owner) => owner.replace(/ \d+ \d+$/, ` ${String(ended.pid)} 5`), 'true')
    expect(await names()).toMatchObject({ 'nw-mine': true, 'nw-reused': false, 'nw-ended': false })
  })
}
