import { expect, test } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import type { Subject } from './subject.ts'

const namespace = async (channel: Channel, kind: string): Promise<string> =>
  (await channel.run(['readlink', `/proc/self/ns/${kind}`])).stdout.toString().trim()

/** How sandboxes are kept apart, and how they end. */
export function sandboxTests(subject: Subject): void {
  test('keeps sandboxes apart from each other and from the machine', async (context) => {
    const { channel } = await subject.machine()
    const channels = [channel, await subject.sandbox(context), await subject.sandbox(context)]
    for (const kind of ['net', 'mnt', 'pid']) {
      const ids = await Promise.all(channels.map((c) => namespace(c, kind)))
      expect(new Set(ids).size, kind).toBe(3)
    }
    const [, one, other] = channels
    expect((await one?.run(['ip', 'link', 'add', 'nwone', 'type', 'veth', 'peer', 'name', 'nwtwo']))?.code).toBe(0)
    expect((await other?.run(['ip', 'link', 'show', 'nwone']))?.code).toBe(1)
    expect((await channel.run(['ip', 'link', 'show', 'nwone'])).code).toBe(1)
  })

  test('gives each host an `ip netns` of its own', async (context) => {
    const channel = await subject.sandbox(context)
    const pids = await Promise.all([channel.makeHost(), channel.makeHost()])
    const places = pids.map((pid) => ({ net: `/proc/${pid}/ns/net`, mnt: `/proc/${pid}/ns/mnt` }))
    for (const place of places) expect((await channel.run(['ip', 'netns', 'add', 'ns1'], { place })).code).toBe(0)
    const inodes = await Promise.all(
      places.map((place) => channel.run(['stat', '-L', '-c', '%i', '/run/netns/ns1'], { place })),
    )
    expect(new Set(inodes.map((done) => done.stdout.toString())).size).toBe(2)
    for (const place of places) {
      const inside = await channel.run(['ip', 'netns', 'exec', 'ns1', 'ip', '-o', 'link'], { place })
      expect(inside).toMatchObject({ code: 0 })
      expect(inside.stdout.toString()).toMatch(/^1: lo: <LOOPBACK> /)
    }
  })

  test('ends everything with the sandbox: a daemon in a session of its own, and a host', async () => {
    const machine = await subject.machine()
    const folder = (await machine.channel.run(['mktemp', '-d'])).stdout.toString().trim()
    try {
      const sandbox = await machine.openSandbox()
      await machine.channel.run(['mkfifo', `${folder}/held`])
      // The reader sees the end of the file when the last process that holds the other end is gone.
      const reader = machine.channel.run(['cat', `${folder}/held`], { timeoutMs: 20_000 })
      const daemon =
        'exec 3>"$1"; trap "" TERM HUP INT; setsid sh -c "(trap \\"\\" TERM HUP INT; sleep 1000) &" & echo up >&3'
      await sandbox.run(['sh', '-c', daemon, 'sh', `${folder}/held`])
      await sandbox.makeHost()
      let ended = false
      void reader.finally(() => (ended = true))
      await sandbox.ping()
      expect(ended).toBe(false)
      await sandbox.close()
      expect(await reader).toMatchObject({ code: 0, timedOut: false })
    } finally {
      await machine.channel.run(['rm', '-rf', folder])
    }
  })

  test('tells everyone who waits that the channel is gone', async (context) => {
    const channel = await subject.sandbox(context)
    const pid = await channel.makeHost()
    const running = channel.run(['sleep', '1000'])
    const command = await channel.spawn(['sleep', '1000'])
    const capture = await channel.capture(`/proc/${pid}/ns/net`, () => undefined)
    const waits = [running, command.exit].map((wait) => wait.catch((error: unknown) => error))
    const startedAt = performance.now()
    await channel.close()
    const gone = { code: 'NETWRIGHT_CHANNEL_CLOSED' }
    for (const error of await Promise.all(waits)) expect(error).toMatchObject(gone)
    expect(performance.now() - startedAt).toBeLessThan(5000)
    const later = [
      () => channel.run(['true']),
      () => channel.ping(),
      () => channel.makeHost(),
      () => capture.sync(),
      () => channel.neighbours('read', ['']),
      () => channel.files('', []),
      () => channel.capture('', () => undefined),
      () => channel.listen({ net: '', family: 4, kind: 'tcp', port: 1 }),
      () => channel.probe({ net: '', family: 4, kind: 'tcp', target: Buffer.alloc(4), port: 1, token: 'x' }),
    ]
    for (const call of later) await expect(call()).rejects.toMatchObject(gone)
    command.kill()
    await channel.close()
  })
}
