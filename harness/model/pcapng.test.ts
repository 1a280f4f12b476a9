import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest'
import { arpRequest, echoRequest, neighbourSolicitation, udpDatagram } from './frame-builders.ts'
import { writePcapng, type Capture } from './pcapng.ts'
import { readPcapng } from './testing/read-pcapng.ts'

const ends4 = { sourceMac: '02:00:00:00:01:01', targetMac: '02:00:00:00:02:01', source: '10.0.0.1', target: '10.0.0.2' }
const ends6 = { ...ends4, source: 'fd00::1', target: 'fd00::2' }
const payload = new TextEncoder().encode('hello')
const start = 1_700_000_000_123_456_789n

const capture: Capture = {
  comment: 'ns1 pings ns2',
  interfaces: [
    { name: 'node1/ns1 mac1', link: 'ethernet' },
    { name: 'node1 ens160', link: 'ethernet' },
  ],
  frames: [
    {
      interface: 0,
      time: start,
      bytes: arpRequest({ sourceMac: ends4.sourceMac, source: '10.0.0.1', target: '10.0.0.2' }),
      direction: 'out',
      comment: 'solicit',
    },
    { interface: 1, time: start + 1000n, bytes: echoRequest(ends4, { id: 7, seq: 1, payload }), direction: 'in' },
    { interface: 1, time: start + 2000n, bytes: echoRequest(ends6, { id: 7, seq: 1, payload }) },
    {
      interface: 1,
      time: start + 3000n,
      bytes: neighbourSolicitation({ sourceMac: ends6.sourceMac, source: 'fd00::1', target: 'fd00::2' }),
    },
    { interface: 0, time: start + 4000n, bytes: udpDatagram(ends4, { sourcePort: 4001, targetPort: 4000, payload }) },
    { interface: 0, time: start + 5000n, bytes: udpDatagram(ends6, { sourcePort: 4001, targetPort: 4000, payload }) },
  ],
}

test('what is written is read back', () => {
  expect(readPcapng(writePcapng(capture))).toEqual(capture)
  expect(readPcapng(writePcapng({ interfaces: [], frames: [] }))).toEqual({ interfaces: [], frames: [] })
})

test('whatever is written is read back', () => {
  const frame = fc.record(
    {
      interface: fc.nat(2),
      time: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      bytes: fc.uint8Array({ maxLength: 40 }),
      originalLength: fc.integer({ min: 41, max: 0xffff }),
      direction: fc.constantFrom('in' as const, 'out' as const),
      comment: fc.string({ unit: 'grapheme' }),
    },
    { requiredKeys: ['interface', 'time', 'bytes'] },
  )
  const interfaces = fc.tuple(...Array.from({ length: 3 }, () => fc.string({ unit: 'grapheme' })))
  fc.assert(
    fc.property(interfaces, fc.array(frame), (names, frames) => {
      const written = { interfaces: names.map((name) => ({ name, link: 'ip' as const })), frames }
      expect(readPcapng(writePcapng(written))).toEqual(written)
    }),
  )
})

test('a frame belongs to an interface, and happened', () => {
  const frame = { interface: 0, time: 0n, bytes: payload }
  expect(() => writePcapng({ interfaces: [], frames: [frame] })).toThrow('a frame names interface 0 of 0')
  expect(() => writePcapng({ ...capture, frames: [{ ...frame, time: -1n }] })).toThrow('the time -1')
  expect(() => writePcapng({ ...capture, frames: [{ ...frame, time: 1n << 64n }] })).toThrow(
    'the time 18446744073709551616',
  )
})

/** What a tool prints about a capture. Skips the test, saying why, where the tool is not installed. */
function ask(context: TestContext, tool: string, args: readonly string[], of: Capture): string {
  const folder = mkdtempSync(join(tmpdir(), 'netwright-pcapng-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'test.pcapng')
  writeFileSync(file, writePcapng(of))
  const { error, status, stdout, stderr } = spawnSync(tool, [...args, file], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') context.skip(`${tool} is not installed`)
  expect({ error, status }, stderr).toEqual({ error: undefined, status: 0 })
  return stdout
}

describe('other programs read it', () => {
  test('tcpdump, which finds every checksum right', (context) => {
    const printed = ask(context, 'tcpdump', ['-nn', '-vv', '--nano', '-r'], capture)
    // Wordings change between versions of the tools; these have not for ten years.
    expect(printed.match(/who-has|echo request|neighbor solicitation|UDP, length 5/g)).toHaveLength(6)
    expect(printed.match(/(icmp6|udp) sum ok/g)).toHaveLength(4)
    expect(printed).toContain('22:13:20.123461789')
    expect(printed).not.toMatch(/bad|wrong/)
  })

  test('tshark, with names of interfaces, times, comments and directions', (context) => {
    const fields = ['frame.interface_name', 'frame.time_epoch', 'frame.comment'].flatMap((field) => ['-e', field])
    const printed = ask(context, 'tshark', ['-T', 'fields', ...fields, '-r'], capture)
    expect(printed.trimEnd().split('\n')).toEqual([
      'node1/ns1 mac1\t1700000000.123456789\tsolicit',
      'node1 ens160\t1700000000.123457789\t',
      'node1 ens160\t1700000000.123458789\t',
      'node1 ens160\t1700000000.123459789\t',
      'node1/ns1 mac1\t1700000000.123460789\t',
      'node1/ns1 mac1\t1700000000.123461789',
    ])
    const outgoing = ask(context, 'tshark', ['-Y', 'frame.packet_flags_direction == 2', '-r'], capture)
    expect(outgoing.trimEnd().split('\n')).toEqual([expect.stringContaining('Who has 10.0.0.2? Tell 10.0.0.1')])
  })

  test('capinfos, and frames without link header beside frames with one', (context) => {
    const [first] = capture.frames
    if (first === undefined) throw new Error('no frame')
    const mixed: Capture = {
      comment: 'a tun beside Ethernet',
      interfaces: [...capture.interfaces, { name: 'node1 tun0', link: 'ip' }],
      frames: [first, { interface: 2, time: start, bytes: echoRequest(ends4, { id: 7, seq: 1 }).subarray(14) }],
    }
    const printed = ask(context, 'capinfos', [], mixed)
    for (const fact of [
      /Number of packets: +2\n/,
      /Capture comment: +a tun beside Ethernet\n/,
      /Capture application: +netwright\n/,
      /Name = node1\/ns1 mac1\n +Encapsulation = Ethernet/,
      /Name = node1 ens160\n +Encapsulation = Ethernet/,
      /Name = node1 tun0\n +Encapsulation = Raw IP/,
    ]) {
      expect(printed).toMatch(fact)
    }
  })
})
