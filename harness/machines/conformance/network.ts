import { expect, test } from 'vitest'
import type { CapturedFrame, Channel } from '../channel/channel.ts'
import { needs, type Subject } from './subject.ts'

const ipv6Switch = '/proc/sys/net/ipv6/conf/all/disable_ipv6'

/** Two hosts joined by a veth pair. */
async function twoHosts(channel: Channel, ipv6: boolean) {
  const [a, b] = await Promise.all([channel.makeHost(), channel.makeHost()])
  const net = (pid: number) => `/proc/${pid}/ns/net`
  const link = `link add eth0 index 2 address 02:00:00:00:00:0a netns ${a} type veth peer name eth0 index 12 address 02:00:00:00:00:0b netns ${b}`
  const script = [`ip ${link}`]
  for (const [pid, last] of [
    [a, 1],
    [b, 2],
  ] as const) {
    const inside = `nsenter --net=${net(pid)} ip`
    script.push(`${inside} addr add 10.0.0.${last}/24 dev eth0`)
    if (ipv6) script.push(`${inside} addr add 2001:db8::${last}/64 dev eth0 nodad`)
    // A slow kernel announces its multicast groups while a test already counts frames.
    else script.push(`[ ! -e ${ipv6Switch} ] || nsenter --net=${net(pid)} sh -c 'echo 1 >${ipv6Switch}'`)
    script.push(`${inside} link set lo up`, `${inside} link set eth0 up`)
  }
  const made = await channel.run(['sh', '-euc', script.join('\n')])
  if (made.code !== 0) throw new Error(made.stderr.toString())
  return { a: net(a), b: net(b) }
}

const address = { 4: Buffer.from([10, 0, 0, 2]), 6: Buffer.from('20010db8000000000000000000000002', 'hex') } as const

/** Hosts, captures, sockets and neighbour tables. */
export function networkTests(subject: Subject): void {
  test.for([
    { family: 4, kind: 'tcp' },
    { family: 4, kind: 'udp' },
    { family: 6, kind: 'tcp' },
    { family: 6, kind: 'udp' },
  ] as const)('probes an echo service: $kind over IPv$family', async ({ family, kind }, context) => {
    if (family === 6) await needs(context, subject, 'ipv6')
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, family === 6)
    const stop = await channel.listen({ net: b, family, kind, port: 8080 })
    const probe = { net: a, family, kind, target: address[family], port: 8080, token: 'a token' }
    const answered = await channel.probe(probe)
    expect(answered.port).toBeGreaterThan(0)
    expect(await answered.outcome).toMatchObject({ kind: 'echo' })
    await expect(channel.listen({ net: b, family, kind, port: 8080 })).rejects.toMatchObject({ errno: 98 }) // EADDRINUSE
    stop()
    await channel.ping()
    const refused = await channel.probe(probe)
    expect(await refused.outcome).toMatchObject({ kind: 'error', errno: 111 }) // ECONNREFUSED
  })

  test('survives probes that are given up while they are answered', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    await channel.listen({ net: b, family: 4, kind: 'udp', port: 8080 })
    for (let i = 0; i < 120; i++) {
      const probe = await channel.probe({ net: a, family: 4, kind: 'udp', target: address[4], port: 8080, token: 'x' })
      probe.close()
    }
    await channel.ping()
  })

  test('captures every frame of every device, or says how many were dropped', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    const frames: CapturedFrame[] = []
    const capture = await channel.capture(b, (frame) => frames.push(frame))
    const quiet = await capture.sync()
    expect([quiet, frames.length]).toEqual([0, 0])
    const ping = await channel.run(['ping', '-q', '-f', '-c', '1000', '-s', '1000', '10.0.0.2'], { place: { net: a } })
    const dropped = await capture.sync()
    const sent = Number(/(\d+) packets transmitted/.exec(ping.stdout.toString())?.[1])
    const requests = frames.filter((f) => f.bytes.length === 1042 && f.packetType === 0)
    expect(sent).toBe(1000)
    expect(requests.length + dropped).toBeGreaterThanOrEqual(1000)
    expect(requests.every((f) => f.ifindex === 12 && f.hatype === 1 && f.length === 1042)).toBe(true)
    capture.close()
    const before = frames.length
    await channel.run(['ping', '-q', '-c', '1', '10.0.0.2'], { place: { net: a } })
    expect(frames).toHaveLength(before)
  })

  test('sends a raw frame', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    const frames: CapturedFrame[] = []
    const capture = await channel.capture(b, (frame) => frames.push(frame))
    const frame = Buffer.concat([Buffer.from('02000000000b02000000000a88b5', 'hex'), Buffer.alloc(46, 0x5a)])
    await channel.inject(a, 2, frame)
    await capture.sync()
    const own = frames.filter((f) => Buffer.from(f.bytes).readUInt16BE(12) === 0x88b5)
    expect(own.map((f) => Buffer.from(f.bytes))).toEqual([frame])
    await expect(channel.inject(a, 99, frame)).rejects.toMatchObject({ errno: 6 }) // ENXIO
  })

  test('reads and flushes neighbours, also while many commands end', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    const lines = Array.from(
      { length: 60 },
      (_, i) => `neigh add 10.0.0.${i + 10} lladdr 02:00:00:00:01:00 dev eth0 nud stale`,
    )
    lines.push('neigh add 10.0.0.9 lladdr 02:00:00:00:01:00 dev eth0 nud permanent')
    await channel.run(['ip', '-batch', '-'], { place: { net: a }, input: lines.join('\n') })
    const read = async () =>
      (await channel.neighbours('read', [a, b])).map((table) => table.filter((n) => n.state !== 'NOARP'))
    const ending = Promise.all(Array.from({ length: 120 }, () => channel.run(['true'])))
    const lengths = []
    for (let i = 0; i < 120; i++) lengths.push((await read()).map((table) => table.length))
    await ending
    expect(lengths).toEqual(lengths.map(() => [61, 0]))
    await channel.neighbours('flush', [a, b])
    const [kept] = await read()
    expect(kept).toEqual([
      { ifindex: 2, state: 'PERMANENT', address: Buffer.from([10, 0, 0, 9]), mac: '02:00:00:00:01:00' },
    ])
  })

  test('changes a namespace by rtnetlink, until a request is refused', async (context) => {
    const channel = await subject.sandbox(context)
    const [a, b] = [await channel.makeHost(), await channel.makeHost()].map((pid) => `/proc/${pid}/ns/net`) as [
      string,
      string,
    ]
    const up = (name: string) => {
      const bytes = Buffer.alloc(16 + 4 + ((name.length + 4) & ~3))
      bytes.writeUInt32LE(1, 8) // IFF_UP
      bytes.writeUInt32LE(1, 12)
      bytes.writeUInt16LE(4 + name.length + 1, 16)
      bytes.writeUInt16LE(3, 18) // IFLA_IFNAME
      bytes.write(name, 20)
      return { type: 16, flags: 0, body: bytes } // RTM_NEWLINK
    }
    const isUp = async (net: string) => {
      const { stdout } = await channel.run(['ip', '-o', 'link', 'show', 'lo'], { place: { net } })
      return /[<,]UP[,>]/.test(stdout.toString())
    }
    expect(await channel.change(a, [up('lo')])).toBeUndefined()
    expect([await isUp(a), await isUp(b)]).toEqual([true, false])
    const refused = await channel.change(b, [up('none'), up('lo')])
    expect(refused).toMatchObject({ position: 0, errno: 19 }) // ENODEV
    expect(refused?.words).toMatch(/\S/)
    expect(await isUp(b)).toBe(false)
    await expect(channel.change('/proc/no-such/ns/net', [])).rejects.toMatchObject({ errno: 2 })
  })

  test('says by which ids namespaces know each other', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    const said = await channel.run(['ip', '-j', '-d', 'link', 'show', 'eth0'], { place: { net: a } })
    const [link] = JSON.parse(said.stdout.toString()) as { link_netnsid: number }[]
    const ids = await channel.namespaceIds([a, b, '/proc/no-such/ns/net'])
    expect(ids[0]?.[1]).toBe(link?.link_netnsid)
    expect(ids[0]?.[2]).toBe(-1)
  })

  test('reads and writes the sysctls of one namespace', async (context) => {
    const channel = await subject.sandbox(context)
    const { a, b } = await twoHosts(channel, false)
    const forward = '/proc/sys/net/ipv4/ip_forward'
    const read = async (net: string) => (await channel.files(net, [{ kind: 'read', path: forward }])).get(forward)
    const written = await channel.files(a, [{ kind: 'write', path: forward, value: '1' }])
    expect(written.get(forward)).toBe('ok')
    expect([await read(a), await read(b)]).toEqual(['1\n', '0\n'])
    const devices = await channel.files(a, [{ kind: 'read', path: '/proc/sys/net/ipv4/conf/*/forwarding' }])
    expect([...devices.keys()].map((path) => path.split('/')[6]).sort()).toEqual(['all', 'default', 'eth0', 'lo'])
    const missing = await channel.files(a, [
      { kind: 'read', path: '/proc/no-such' },
      { kind: 'read', path: '/proc/no-such/*' },
    ])
    expect(Object.fromEntries(missing)['/proc/no-such']).toMatch(/^!/)
  })
}
