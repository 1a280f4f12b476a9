import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arpRequest, echoRequest, neighbourSolicitation, udpDatagram } from './frame-builders.ts'
import { describeFrame } from './frame-text.ts'
import type { Transport } from './frame-types.ts'
import { decodeFrame, linkTypeOf } from './frames.ts'

const ends4 = { sourceMac: '02:00:00:00:01:01', targetMac: '02:00:00:00:02:01', source: '10.0.0.1', target: '10.0.0.2' }
const ends6 = { ...ends4, source: 'fd00::1', target: 'fd00::2' }
const echo4 = echoRequest(ends4, { id: 7, seq: 1, payload: new Uint8Array(8) })
const echo6 = echoRequest(ends6, { id: 7, seq: 1, payload: new Uint8Array(8) })
const datagram = { sourcePort: 4001, targetPort: 4000, payload: Uint8Array.of(1, 2, 3) }
const udp4 = udpDatagram(ends4, datagram)

const join = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]))
const line = (bytes: Uint8Array) => describeFrame(decodeFrame(bytes))

/** An IPv6 packet around a transport, with no regard for checksums. */
function ipv6(nextHeader: number, body: readonly number[]): Uint8Array {
  const header = echo6.slice(0, 54)
  header.set([body.length >> 8, body.length & 0xff, nextHeader], 18)
  return join(header, body)
}

function ipv4(protocol: number, body: readonly number[]): Uint8Array {
  const header = echo4.slice(0, 34)
  header.set([0, 20 + body.length], 16)
  header[23] = protocol
  return join(header, body)
}

function transportOf(bytes: Uint8Array): Transport {
  const { packet } = decodeFrame(bytes)
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') throw new Error(describeFrame(decodeFrame(bytes)))
  return packet.transport
}

const fd00 = (last: number) => [0xfd, ...Array<number>(14).fill(0), last]

describe('links', () => {
  test('a frame begins as its device says', () => {
    expect([1, 772, 65_534, 776, 824].map(linkTypeOf)).toEqual(['ethernet', 'ethernet', 'ip', 'ip', undefined])
    expect(decodeFrame(echo4.subarray(14), 'ip')).toEqual({
      length: echo4.length - 14,
      packet: decodeFrame(echo4).packet,
    })
    expect(describeFrame(decodeFrame(echo6.subarray(14), 'ip'))).toBe(
      'IP6 fd00::1 > fd00::2: ICMP6, echo request, id 7, seq 1',
    )
  })

  test('VLAN tags', () => {
    const tagged = join(echo4.subarray(0, 12), [0x88, 0xa8, 0xe0, 200, 0x81, 0, 0, 100], echo4.subarray(12))
    expect(line(tagged)).toBe('vlan 200, vlan 100, IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1')
    expect(decodeFrame(tagged).ethernet).toMatchObject({ vlans: [200, 100], type: 0x0800 })
  })

  test('other EtherTypes are named', () => {
    const head = echo4.subarray(0, 12)
    expect(line(join(head, [0x88, 0xcc], new Uint8Array(46)))).toBe('LLDP')
    expect(line(join(head, [0x88, 0xb5], new Uint8Array(46)))).toBe('ethertype 0x88b5')
    expect(line(join(head, [0, 38, 0x42, 0x42, 3], new Uint8Array(35)))).toBe('STP')
    expect(line(join(head, [0, 38, 0xaa, 0xaa, 3], new Uint8Array(35)))).toBe('LLC')
  })
})

describe('padding and payloads', () => {
  test('what pads a short frame is no payload', () => {
    expect(transportOf(join(udp4, new Uint8Array(15)))).toMatchObject({ payload: Uint8Array.of(1, 2, 3) })
    expect(
      transportOf(join(ipv4(6, [0, 80, 0, 99, 0, 0, 0, 5, 0, 0, 0, 0, 0x50, 4, ...Array<number>(6).fill(0)]), [0, 0])),
    ).toMatchObject({
      flags: 'R',
      payload: new Uint8Array(),
    })
  })

  test('a payload is a view, not a copy', () => {
    const transport = transportOf(udp4)
    expect(transport.kind === 'udp' && transport.payload.buffer === udp4.buffer).toBe(true)
  })

  test('the inner frame of VXLAN', () => {
    const vxlan = udpDatagram(ends4, {
      sourcePort: 40_000,
      targetPort: 4789,
      payload: join([8, 0, 0, 0, 0, 0, 42, 0], echo6),
    })
    expect(line(vxlan)).toBe(
      'IP 10.0.0.1.40000 > 10.0.0.2.4789: VXLAN, vni 42: IP6 fd00::1 > fd00::2: ICMP6, echo request, id 7, seq 1',
    )
  })
})

describe('ICMP', () => {
  test('an error that quotes eight bytes of TCP still tells the ports', () => {
    const quoted = ipv4(6, [0x1f, 0x90, 0x9c, 0x40, 0, 0, 0, 5]).subarray(14)
    const error = transportOf(ipv4(1, [3, 3, 0, 0, 0, 0, 0, 0, ...quoted]))
    expect(error).toMatchObject({
      kind: 'icmp-error',
      name: 'port-unreachable',
      quoted: {
        source: '10.0.0.1',
        transport: { kind: 'tcp', sourcePort: 8080, targetPort: 40_000, seq: 5, flags: '' },
      },
    })
  })

  test.each<[number, number, string]>([
    [3, 0, 'net-unreachable'],
    [3, 1, 'host-unreachable'],
    [3, 4, 'too-big'],
    [3, 13, 'prohibited'],
    [3, 99, 'unreachable'],
    [4, 0, 'other-error'],
    [11, 0, 'ttl-exceeded'],
    [11, 1, 'reassembly-timeout'],
    [12, 0, 'parameter-problem'],
  ])('type %i, code %i of IPv4 is %s', (type, code, name) => {
    expect(transportOf(ipv4(1, [type, code, 0, 0, 0, 0, 0x05, 0x78, ...echo4.subarray(14)]))).toMatchObject({
      kind: 'icmp-error',
      name,
      type,
      code,
      ...(name === 'too-big' ? { mtu: 1400 } : {}),
      quoted: { kind: 'ipv4', transport: { kind: 'echo-request', id: 7, seq: 1 } },
    })
  })

  test.each<[number, number, string]>([
    [1, 0, 'net-unreachable'],
    [1, 1, 'prohibited'],
    [1, 2, 'beyond-scope'],
    [1, 3, 'host-unreachable'],
    [1, 4, 'port-unreachable'],
    [1, 5, 'policy'],
    [1, 6, 'reject-route'],
    [1, 7, 'unreachable'],
    [2, 0, 'too-big'],
    [3, 0, 'ttl-exceeded'],
    [3, 1, 'reassembly-timeout'],
    [4, 1, 'parameter-problem'],
    [100, 0, 'other-error'],
  ])('type %i, code %i of IPv6 is %s', (type, code, name) => {
    const frame = ipv6(58, [type, code, 0, 0, 0, 0, 0x05, 0x78, ...echo6.subarray(14)])
    expect(transportOf(frame)).toMatchObject({
      kind: 'icmp-error',
      name,
      ...(name === 'too-big' ? { mtu: 1400 } : {}),
      quoted: { kind: 'ipv6', transport: { kind: 'echo-request', id: 7, seq: 1 } },
    })
    expect(line(frame)).toMatch(/^IP6 fd00::1 > fd00::2: ICMP6, ./)
  })

  test('advertisements and redirects of routers', () => {
    const prefix = [3, 4, 64, 0xc0, ...Array<number>(12).fill(0), ...fd00(0)]
    const advert = [134, 0, 0, 0, 64, 0, 0x07, 0x08, ...Array<number>(8).fill(0), 1, 1, 2, 0, 0, 0, 3, 1, ...prefix]
    expect(transportOf(ipv6(58, advert))).toEqual({
      kind: 'router-advertisement',
      lifetime: 1800,
      prefixes: ['fd00::/64'],
      mac: '02:00:00:00:03:01',
    })
    expect(line(ipv6(58, [137, 0, 0, 0, 0, 0, 0, 0, ...fd00(7), ...fd00(9)]))).toBe(
      'IP6 fd00::1 > fd00::2: ICMP6, redirect, fd00::9 to fd00::7',
    )
    expect(line(ipv4(1, [5, 1, 0, 0, 10, 0, 0, 7, ...echo4.subarray(14)]))).toBe(
      'IP 10.0.0.1 > 10.0.0.2: ICMP redirect 10.0.0.2 to host 10.0.0.7',
    )
  })

  test('flags and MAC of a neighbour advertisement', () => {
    expect(transportOf(ipv6(58, [136, 0, 0, 0, 0x60, 0, 0, 0, ...fd00(2), 2, 1, 2, 0, 0, 0, 2, 1]))).toEqual({
      kind: 'neighbour-advertisement',
      target: 'fd00::2',
      mac: '02:00:00:00:02:01',
      router: false,
      solicited: true,
      override: true,
    })
  })

  test('group membership', () => {
    expect(line(ipv6(58, [130, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(16)]))).toBe(
      'IP6 fd00::1 > fd00::2: ICMP6, multicast listener query',
    )
    expect(line(ipv4(2, [0x17, 0, 0, 0, 239, 1, 2, 3]))).toBe('IP 10.0.0.1 > 10.0.0.2: igmp done 239.1.2.3')
    expect(line(ipv4(2, [0x11, 0, 0, 0, 0, 0, 0, 0]))).toBe('IP 10.0.0.1 > 10.0.0.2: igmp query')
  })
})

describe('IPv6 extension headers', () => {
  const echo = [...echo6.subarray(54)]
  test.each([
    ['hop-by-hop', 0, [58, 0, 5, 2, 0, 0, 1, 0]],
    ['routing', 43, [58, 0, 0, 0, 0, 0, 0, 0]],
    ['destination options of 16 bytes', 60, [58, 1, ...Array<number>(14).fill(0)]],
    ['authentication of 24 bytes', 51, [58, 4, ...Array<number>(22).fill(0)]],
    ['hop-by-hop, then destination options', 0, [60, 0, 0, 0, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s', (_, first, headers) => {
    expect(line(ipv6(first, [...headers, ...echo]))).toBe('IP6 fd00::1 > fd00::2: ICMP6, echo request, id 7, seq 1')
  })

  test('a later fragment has no transport, whatever its bytes say', () => {
    const frame = ipv6(44, [58, 0, 0x05, 0xa8, 0, 0, 0, 9, ...echo])
    expect(decodeFrame(frame).packet).toMatchObject({
      protocol: 58,
      fragment: { id: 9, offset: 1448, size: echo.length, more: false },
      transport: { kind: 'later-fragment' },
    })
  })

  test('without end', () => {
    expect(line(ipv6(0, [0, 0, 0, 0, 0, 0, 0, 0]))).toBe(
      'IP6 fd00::1 > fd00::2: malformed ipv6: cut off after 48 of 49 bytes',
    )
  })
})

describe('what makes no sense is malformed, and says where', () => {
  const bad = (bytes: Uint8Array, offset: number, value: number) =>
    bytes.map((byte, at) => (at === offset ? value : byte))
  test.each([
    [new Uint8Array(), 'malformed ethernet: cut off after 0 of 14 bytes'],
    [echo4.subarray(0, 20), 'malformed ipv4: cut off after 6 of 20 bytes'],
    [echo4.subarray(0, 36), 'IP 10.0.0.1 > 10.0.0.2: malformed icmp: cut off after 2 of 8 bytes'],
    [echo6.subarray(0, 50), 'malformed ipv6: cut off after 36 of 40 bytes'],
    [bad(echo4, 14, 0x55), 'malformed ipv4: version 5'],
    [bad(echo4, 14, 0x44), 'malformed ipv4: a header of 16 bytes in a packet of 36'],
    [bad(echo4, 17, 8), 'malformed ipv4: a header of 20 bytes in a packet of 8'],
    [bad(echo6, 14, 0x40), 'malformed ipv6: version 4'],
    [bad(udp4, 39, 7), 'IP 10.0.0.1 > 10.0.0.2: malformed udp: a length of 7 bytes'],
    [arpRequest(ends4).subarray(0, 40), 'malformed arp: cut off after 26 of 28 bytes'],
    [bad(arpRequest(ends4), 18, 8), 'malformed arp: not IPv4 over Ethernet: 1 2048 8 4'],
    [join(echo4.subarray(0, 12), [0x81, 0]), 'malformed ethernet: cut off after 14 of 18 bytes'],
  ])('%#', (bytes, expected) => {
    expect(line(bytes)).toBe(expected)
  })

  test('errors about errors about errors end somewhere', () => {
    const layers = Array.from({ length: 2300 }, (_, depth) => {
      const header = join(echo4.subarray(14, 34), [3, 1, 0, 0, 0, 0, 0, 0])
      const length = (2300 - depth) * 28
      header.set([length >> 8, length & 0xff], 2)
      return header
    })
    const frame = join(echo4.subarray(0, 14), ...layers)
    expect(JSON.stringify(decodeFrame(frame))).toContain('packets in packets, too deep')
  })
})

describe('never throws', () => {
  const good = [
    echo4,
    echo6,
    udp4,
    arpRequest(ends4),
    neighbourSolicitation(ends6),
    ipv4(1, [3, 1, 0, 0, 0, 0, 0, 0, ...echo4.subarray(14)]),
    udpDatagram(ends4, {
      sourcePort: 1,
      targetPort: 4789,
      payload: join([8, 0, 0, 0, 0, 0, 42, 0], neighbourSolicitation(ends6)),
    }),
    ipv6(0, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, ...fd00(1)]),
  ]
  const link = fc.constantFrom('ethernet' as const, 'ip' as const)
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom(0x0800, 0x0806, 0x86dd, 0x8100, 38), fc.uint8Array({ maxLength: 200 }))
      .map(([type, body]) => join(new Uint8Array(12), [type >> 8, type & 0xff], body)),
    fc
      .tuple(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      )
      .map(([frame, changes]) => {
        const changed = frame.slice()
        for (const [at, value] of changes) if (at < changed.length) changed[at] = value
        return changed
      }),
  )

  test('on random bytes, or on frames with some bytes changed', () => {
    fc.assert(
      fc.property(anything, link, (bytes, type) => {
        const frame = decodeFrame(bytes, type)
        expect(frame.length).toBe(bytes.length)
        expect(describeFrame(frame)).not.toMatch(/undefined|NaN|-\d+\)/)
      }),
      { numRuns: 2000 },
    )
  })

  test('on a frame that is cut anywhere', () => {
    for (const frame of good) {
      for (let length = 0; length <= frame.length; length++) {
        expect(describeFrame(decodeFrame(frame.subarray(0, length)))).not.toMatch(/undefined|NaN/)
      }
    }
  })
})
