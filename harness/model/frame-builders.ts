import { familyOf, toBytes } from './addresses.ts'
import { concatBytes, internetChecksum, pseudoHeader } from './frame-checksums.ts'
import { broadcastMac, macBytes, multicastMac, solicitedNode } from './link-addresses.ts'

/** Where a frame comes from and goes to. The family is that of the addresses. */
export interface FrameEnds {
  readonly sourceMac: string
  /** MAC of the next hop; may be left out when `target` is multicast or 255.255.255.255. */
  readonly targetMac?: string
  readonly source: string
  readonly target: string
  /** TTL or hop limit, 0 to 255; default 64, as the kernel's. */
  readonly ttl?: number
}

/**
 * An ARP request, broadcast unless `targetMac` says otherwise (RFC 826).
 *
 * @example
 * arpRequest({ sourceMac: '02:00:00:00:01:01', source: '10.0.0.1', target: '10.0.0.2' })
 */
export function arpRequest(ends: Omit<FrameEnds, 'ttl'>): Uint8Array {
  const sender = macBytes(ends.sourceMac)
  const body = concatBytes([
    Uint8Array.of(0, 1, 0x08, 0x00, 6, 4, 0, 1),
    sender,
    ipBytes(ends.source, 4),
    new Uint8Array(6),
    ipBytes(ends.target, 4),
  ])
  return ethernet(ends.targetMac ?? broadcastMac, ends.sourceMac, 0x0806, body)
}

/**
 * A neighbour solicitation for `target`, sent to its solicited-node multicast address, or to `target` itself when
 * `targetMac` is given, as for an unreachability check (RFC 4861, 4.3).
 */
export function neighbourSolicitation(ends: Omit<FrameEnds, 'ttl'>): Uint8Array {
  const destination = ends.targetMac === undefined ? solicitedNode(ends.target) : ends.target
  const option = concatBytes([Uint8Array.of(1, 1), macBytes(ends.sourceMac)])
  const body = concatBytes([Uint8Array.of(135, 0, 0, 0, 0, 0, 0, 0), ipBytes(ends.target, 6), option])
  // A receiver drops neighbour discovery that a router could have forwarded.
  return ip({ ...ends, target: destination, ttl: 255 }, 58, body, 2)
}

/**
 * An ICMP or ICMPv6 echo request.
 *
 * @param echo - `id` and `seq` from 0 to 65535
 */
export function echoRequest(
  ends: FrameEnds,
  echo: { readonly id: number; readonly seq: number; readonly payload?: Uint8Array },
): Uint8Array {
  const [protocol, type] = familyOf(ends.target) === 6 ? [58, 128] : [1, 8]
  const header = Uint8Array.of(type, 0, 0, 0, ...u16(echo.id, 'echo id'), ...u16(echo.seq, 'echo sequence number'))
  return ip(ends, protocol, concatBytes([header, echo.payload ?? new Uint8Array()]), 2)
}

/**
 * A UDP datagram (RFC 768).
 *
 * @param datagram - ports from 0 to 65535
 */
export function udpDatagram(
  ends: FrameEnds,
  datagram: { readonly sourcePort: number; readonly targetPort: number; readonly payload: Uint8Array },
): Uint8Array {
  const header = Uint8Array.of(
    ...u16(datagram.sourcePort, 'source port'),
    ...u16(datagram.targetPort, 'target port'),
    ...u16(8 + datagram.payload.length, 'UDP length'),
    ...[0, 0],
  )
  return ip(ends, 17, concatBytes([header, datagram.payload]), 6)
}

/** @param checksumAt - offset in `body` where its checksum belongs; there are zeroes */
function ip(ends: FrameEnds, protocol: number, body: Uint8Array, checksumAt: number): Uint8Array {
  const family = familyOf(ends.target) ?? 4
  const [source, target] = [ipBytes(ends.source, family), ipBytes(ends.target, family)]
  const ttl = ends.ttl ?? 64
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 255) throw new RangeError(`a TTL of ${ttl}`)
  // Of ICMP for IPv4 alone, the addresses are no part of the sum.
  const pseudo = protocol === 1 ? new Uint8Array() : pseudoHeader(source, target, protocol, body.length)
  const sum = internetChecksum(concatBytes([pseudo, body]))
  // 0 would mean "no checksum" in UDP.
  const [high, low] = u16(sum === 0 && protocol === 17 ? 0xffff : sum, 'checksum')
  body[checksumAt] = high
  body[checksumAt + 1] = low
  const header = family === 4 ? ipv4Header(source, target, protocol, ttl, body.length) : undefined
  const packet = concatBytes([header ?? ipv6Header(source, target, protocol, ttl, body.length), body])
  return ethernet(ends.targetMac ?? groupMac(ends.target), ends.sourceMac, family === 4 ? 0x0800 : 0x86dd, packet)
}

function ipv4Header(source: Uint8Array, target: Uint8Array, protocol: number, ttl: number, size: number): Uint8Array {
  const length = u16(20 + size, 'IPv4 length')
  const header = Uint8Array.of(0x45, 0, ...length, 0, 0, 0, 0, ttl, protocol, 0, 0, ...source, ...target)
  const [high, low] = u16(internetChecksum(header), 'checksum')
  header[10] = high
  header[11] = low
  return header
}

function ipv6Header(source: Uint8Array, target: Uint8Array, protocol: number, ttl: number, size: number): Uint8Array {
  return Uint8Array.of(0x60, 0, 0, 0, ...u16(size, 'IPv6 length'), protocol, ttl, ...source, ...target)
}

function ethernet(target: string, source: string, type: number, body: Uint8Array): Uint8Array {
  return concatBytes([macBytes(target), macBytes(source), Uint8Array.of(...u16(type, 'EtherType')), body])
}

function groupMac(target: string): string {
  return target === '255.255.255.255' ? broadcastMac : multicastMac(target)
}

function ipBytes(address: string, family: 4 | 6): Uint8Array {
  if (familyOf(address) !== family) throw new RangeError(`${JSON.stringify(address)} is not an IPv${family} address`)
  return toBytes(address)
}

function u16(value: number, what: string): [number, number] {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff)
    throw new RangeError(`${what} ${value} is not 0 to 65535`)
  return [value >> 8, value & 0xff]
}
