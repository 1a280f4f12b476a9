import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBytes } from './addresses.ts'
import { arpRequest, echoRequest, neighbourSolicitation, udpDatagram } from './frame-builders.ts'
import { internetChecksum } from './frame-checksums.ts'
import { describeFrame } from './frame-text.ts'
import { decodeFrame } from './frames.ts'
import { macText } from './link-addresses.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const text = (words: string) => new TextEncoder().encode(words)
const [here, there] = ['02:00:00:00:01:01', '02:00:00:00:02:01']

describe('the checksum', () => {
  test('of the example of RFC 1071, 3', () => {
    expect(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(0xffff - 0xddf2)
  })

  test('of an IPv4 header that a kernel sent', () => {
    const header = Buffer.from('4500005444314000 40013f65 0a000102 ac100001'.replaceAll(' ', ''), 'hex')
    expect(internetChecksum(header)).toBe(0)
    header.writeUInt16BE(0, 10)
    expect(internetChecksum(header)).toBe(0x3f65)
  })

  test('of an odd number of bytes', () => {
    expect(internetChecksum(Uint8Array.of(0x01, 0x02, 0x03))).toBe(0xffff - 0x0402)
  })

  test('of the longest packet, all ones', () => {
    expect(internetChecksum(new Uint8Array(65_574).fill(0xff))).toBe(0)
  })
})

describe('says who, to whom', () => {
  test.each([
    [
      arpRequest({ sourceMac: here, source: '10.0.0.1', target: '10.0.0.2' }),
      `${here} > ff:ff:ff:ff:ff:ff`,
      'ARP who-has 10.0.0.2 tell 10.0.0.1',
    ],
    [
      arpRequest({ sourceMac: here, targetMac: there, source: '10.0.0.1', target: '10.0.0.2' }),
      `${here} > ${there}`,
      'ARP who-has 10.0.0.2 tell 10.0.0.1',
    ],
    [
      neighbourSolicitation({ sourceMac: here, source: 'fd00::1', target: 'fd00::2' }),
      `${here} > 33:33:ff:00:00:02`,
      'IP6 fd00::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fd00::2',
    ],
    [
      neighbourSolicitation({ sourceMac: here, targetMac: there, source: 'fd00::1', target: 'fd00::2' }),
      `${here} > ${there}`,
      'IP6 fd00::1 > fd00::2: ICMP6, neighbor solicitation, who has fd00::2',
    ],
    [
      echoRequest({ sourceMac: here, targetMac: there, source: '10.0.0.1', target: '10.0.0.2' }, { id: 7, seq: 1 }),
      `${here} > ${there}`,
      'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1',
    ],
    [
      echoRequest({ sourceMac: here, source: 'fe80::1', target: 'ff02::1' }, { id: 65_535, seq: 0 }),
      `${here} > 33:33:00:00:00:01`,
      'IP6 fe80::1 > ff02::1: ICMP6, echo request, id 65535, seq 0',
    ],
    [
      udpDatagram(
        { sourceMac: here, source: '10.0.0.1', target: '255.255.255.255' },
        { sourcePort: 68, targetPort: 67, payload: text('hello') },
      ),
      `${here} > ff:ff:ff:ff:ff:ff`,
      'IP 10.0.0.1.68 > 255.255.255.255.67: UDP, length 5',
    ],
    [
      udpDatagram(
        { sourceMac: here, source: '10.0.0.1', target: '239.1.2.3', ttl: 1 },
        { sourcePort: 4001, targetPort: 4000, payload: text('hello') },
      ),
      `${here} > 01:00:5e:01:02:03`,
      'IP 10.0.0.1.4001 > 239.1.2.3.4000: UDP, length 5',
    ],
  ])('%#', (bytes, macs, line) => {
    const frame = decodeFrame(bytes)
    expect(describeFrame(frame)).toBe(line)
    expect(`${frame.ethernet?.source ?? ''} > ${frame.ethernet?.target ?? ''}`).toBe(macs)
  })
})

test('whatever is built is decoded again, with right checksums', () => {
  const address = fc.oneof(
    fc.tuple(bytesOf(4), bytesOf(4)).map(([a, b]) => [fromBytes(a), fromBytes(b)] as const),
    fc.tuple(bytesOf(16), bytesOf(16)).map(([a, b]) => [fromBytes(a), fromBytes(b)] as const),
  )
  const port = fc.integer({ min: 0, max: 65_535 })
  const payload = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(address, bytesOf(6), bytesOf(6), port, port, payload, fc.boolean(), (ips, a, b, p, q, data, udp) => {
      const [source, target] = ips
      const ends = { sourceMac: macText(a), targetMac: macText(b), source, target }
      // 4789 is decoded further, as VXLAN.
      fc.pre(q !== 4789)
      const bytes = udp
        ? udpDatagram(ends, { sourcePort: p, targetPort: q, payload: data })
        : echoRequest(ends, { id: p, seq: q, payload: data })
      const { ethernet, packet } = decodeFrame(bytes)
      expect(ethernet).toMatchObject({ source: ends.sourceMac, target: ends.targetMac })
      expect(packet).toMatchObject({ source, target, ttl: 64, length: bytes.length - 14 })
      if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') throw new Error(packet.kind)
      expect(packet.transport).toMatchObject(
        udp ? { kind: 'udp', sourcePort: p, targetPort: q } : { kind: 'echo-request', id: p, seq: q },
      )
      if (packet.transport.kind !== 'udp' && packet.transport.kind !== 'echo-request') throw new Error('no payload')
      expect(hex(packet.transport.payload)).toBe(hex(data))
    }),
  )
})

test('what cannot be built says so', () => {
  const ends = { sourceMac: here, targetMac: there, source: '10.0.0.1', target: '10.0.0.2' }
  const datagram = { sourcePort: 1, targetPort: 2, payload: new Uint8Array() }
  expect(() => arpRequest({ ...ends, target: 'fd00::1' })).toThrow('"fd00::1" is not an IPv4 address')
  expect(() => neighbourSolicitation(ends)).toThrow('is not an IPv6 address')
  expect(() => udpDatagram({ ...ends, source: 'fd00::1' }, datagram)).toThrow('"fd00::1" is not an IPv4 address')
  expect(() => udpDatagram(ends, { ...datagram, targetPort: 65_536 })).toThrow('target port 65536')
  expect(() => udpDatagram(ends, { ...datagram, payload: new Uint8Array(65_530) })).toThrow('UDP length 65538')
  expect(() => udpDatagram({ ...ends, ttl: 256 }, datagram)).toThrow('a TTL of 256')
  expect(() => udpDatagram({ sourceMac: here, source: '10.0.0.1', target: '10.0.0.2' }, datagram)).toThrow(
    '10.0.0.2 is not multicast',
  )
})

function bytesOf(length: number) {
  return fc.uint8Array({ minLength: length, maxLength: length })
}
