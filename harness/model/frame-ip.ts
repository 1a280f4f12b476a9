import { cutOff, ipv4At, ipv6At, nonsense, u16, u32, u8 } from './frame-bytes.ts'
import { decodeIcmp, decodeIgmp } from './frame-icmp.ts'
import { protocolNumberName } from './frame-numbers.ts'
import { decodeTcp, decodeUdp } from './frame-transport.ts'
import type { Fragment, Frame, Packet, Transport } from './frame-types.ts'
import type { Family } from './probe.ts'

/** How a packet inside a packet is decoded: a quoted packet, a frame in a tunnel. */
export interface Nested {
  readonly packet: (bytes: Uint8Array) => Packet
  readonly frame: (bytes: Uint8Array) => Frame
}

/** An IPv4 or IPv6 packet, by its version. */
export function decodeIp(bytes: Uint8Array, nested: Nested): Packet {
  return u8(bytes, 0) >> 4 === 6 ? decodeIpv6(bytes, nested) : decodeIpv4(bytes, nested)
}

/** IPv4 (RFC 791). Bytes behind the total length are padding of the frame and are left out. */
export function decodeIpv4(bytes: Uint8Array, nested: Nested): Packet {
  if (bytes.length < 20) return cutOff('ipv4', bytes, 20)
  const version = u8(bytes, 0) >> 4
  if (version !== 4) return nonsense('ipv4', `version ${version}`)
  const header = (u8(bytes, 0) & 0x0f) * 4
  // 0: a packet that segmentation offload has yet to cut.
  const length = u16(bytes, 2) || bytes.length
  if (header < 20 || length < header) return nonsense('ipv4', `a header of ${header} bytes in a packet of ${length}`)
  if (bytes.length < header) return cutOff('ipv4', bytes, header)
  const flags = u16(bytes, 6)
  const offset = (flags & 0x1fff) * 8
  const more = (flags & 0x2000) !== 0
  const protocol = u8(bytes, 9)
  return {
    kind: 'ipv4',
    source: ipv4At(bytes, 12),
    target: ipv4At(bytes, 16),
    protocol,
    ttl: u8(bytes, 8),
    length,
    dontFragment: (flags & 0x4000) !== 0,
    ...(offset > 0 || more ? { fragment: { id: u16(bytes, 4), offset, size: length - header, more } } : {}),
    transport:
      offset > 0 ? { kind: 'later-fragment' } : decodeTransport(bytes.subarray(header, length), 4, protocol, nested),
  }
}

/** IPv6 with its extension headers (RFC 8200). */
export function decodeIpv6(bytes: Uint8Array, nested: Nested): Packet {
  if (bytes.length < 40) return cutOff('ipv6', bytes, 40)
  const version = u8(bytes, 0) >> 4
  if (version !== 6) return nonsense('ipv6', `version ${version}`)
  // 0: a jumbogram, or a packet that segmentation offload has yet to cut.
  const length = u16(bytes, 4) === 0 ? bytes.length : 40 + u16(bytes, 4)
  const { protocol, offset, fragment } = skipExtensions(bytes.subarray(0, length), length)
  return {
    kind: 'ipv6',
    source: ipv6At(bytes, 8),
    target: ipv6At(bytes, 24),
    protocol,
    ttl: u8(bytes, 7),
    length,
    ...(fragment === undefined ? {} : { fragment }),
    transport: transportBehind(bytes.subarray(0, length), protocol, offset, fragment, nested),
  }
}

function transportBehind(
  packet: Uint8Array,
  protocol: number,
  offset: number,
  fragment: Fragment | undefined,
  nested: Nested,
): Transport {
  if (fragment !== undefined && fragment.offset > 0) return { kind: 'later-fragment' }
  if (offset > packet.length || extensions.has(protocol))
    return cutOff('ipv6', packet, Math.max(offset, packet.length + 1))
  return decodeTransport(packet.subarray(offset), 6, protocol, nested)
}

const authentication = 51
const fragmentation = 44
/** Hop-by-hop options, routing, destination options, mobility and the two above: what may precede the transport. */
const extensions: ReadonlySet<number> = new Set([0, 43, fragmentation, authentication, 60, 135])

function skipExtensions(packet: Uint8Array, length: number) {
  let protocol = u8(packet, 6)
  let offset = 40
  let fragment: Fragment | undefined
  while (extensions.has(protocol) && offset + 8 <= packet.length) {
    let size = (u8(packet, offset + 1) + 1) * 8
    if (protocol === authentication) size = (u8(packet, offset + 1) + 2) * 4
    if (protocol === fragmentation) {
      size = 8
      const bits = u16(packet, offset + 2)
      const more = (bits & 1) !== 0
      fragment = { id: u32(packet, offset + 4), offset: bits & 0xfff8, size: length - offset - size, more }
    }
    protocol = u8(packet, offset)
    offset += size
    // What follows in a later fragment is data.
    if (fragment !== undefined && fragment.offset > 0) break
  }
  return { protocol, offset, fragment }
}

function decodeTransport(bytes: Uint8Array, family: Family, protocol: number, nested: Nested): Transport {
  if (protocol === (family === 4 ? 1 : 58)) return decodeIcmp(bytes, family, nested.packet)
  switch (protocol) {
    case 2:
      return decodeIgmp(bytes)
    case 6:
      return decodeTcp(bytes)
    case 17:
      return decodeUdp(bytes, nested.frame)
    default:
      return { kind: 'other-transport', name: protocolNumberName(protocol) }
  }
}
