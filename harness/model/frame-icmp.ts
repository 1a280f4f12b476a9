import { cutOff, ipv4At, ipv6At, nonsense, u16, u32, u8 } from './frame-bytes.ts'
import { icmpErrorName } from './frame-numbers.ts'
import type { GroupMembership, Malformed, Packet, Transport } from './frame-types.ts'
import { macText } from './link-addresses.ts'
import type { Family } from './probe.ts'

/**
 * ICMP (RFC 792) or ICMPv6 (RFC 4443, RFC 4861, RFC 3810).
 *
 * @param bytes - from the ICMP header to the end of the IP packet, or of the capture
 * @param quoted - decodes the IP packet that an error is about
 */
export function decodeIcmp(bytes: Uint8Array, family: Family, quoted: (bytes: Uint8Array) => Packet): Transport {
  const layer = family === 4 ? 'icmp' : 'icmp6'
  if (bytes.length < 8) return cutOff(layer, bytes, 8)
  const type = u8(bytes, 0)
  const code = u8(bytes, 1)
  const [request, reply] = family === 4 ? [8, 0] : [128, 129]
  if (type === request || type === reply) {
    const kind = type === request ? 'echo-request' : 'echo-reply'
    return { kind, id: u16(bytes, 4), seq: u16(bytes, 6), payload: bytes.subarray(8) }
  }
  const name = icmpErrorName(family, type, code)
  if (name !== undefined) {
    const about = quoted(bytes.subarray(8))
    if (name !== 'too-big') return { kind: 'icmp-error', type, code, name, quoted: about }
    return { kind: 'icmp-error', type, code, name, mtu: family === 4 ? u16(bytes, 6) : u32(bytes, 4), quoted: about }
  }
  if (family === 6) return decodeDiscovery(bytes, type, code)
  if (type !== 5) return { kind: 'other-icmp', type, code }
  const about = quoted(bytes.subarray(8))
  const gateway = ipv4At(bytes, 4)
  return about.kind === 'ipv4'
    ? { kind: 'redirect', gateway, destination: about.target }
    : { kind: 'redirect', gateway }
}

/** Neighbour discovery and MLD: ICMPv6 only. */
function decodeDiscovery(bytes: Uint8Array, type: number, code: number): Transport {
  switch (type) {
    case 130:
    case 131:
    case 132: {
      if (bytes.length < 24) return cutOff('icmp6', bytes, 24)
      const group = ipv6At(bytes, 8)
      const what = type === 130 ? 'query' : type === 131 ? 'report' : 'done'
      return { kind: 'membership', protocol: 'mld', what, groups: group === '::' ? [] : [group] }
    }
    case 143:
      return membershipReport(bytes, 6)
    case 133:
      return { kind: 'router-solicitation', ...macOption(bytes, 8, 1) }
    case 134: {
      if (bytes.length < 16) return cutOff('icmp6', bytes, 16)
      const lifetime = u16(bytes, 6)
      return { kind: 'router-advertisement', lifetime, prefixes: prefixOptions(bytes, 16), ...macOption(bytes, 16, 1) }
    }
    case 135: {
      if (bytes.length < 24) return cutOff('icmp6', bytes, 24)
      return { kind: 'neighbour-solicitation', target: ipv6At(bytes, 8), ...macOption(bytes, 24, 1) }
    }
    case 136: {
      if (bytes.length < 24) return cutOff('icmp6', bytes, 24)
      const flags = u8(bytes, 4)
      return {
        kind: 'neighbour-advertisement',
        target: ipv6At(bytes, 8),
        router: (flags & 0x80) !== 0,
        solicited: (flags & 0x40) !== 0,
        override: (flags & 0x20) !== 0,
        ...macOption(bytes, 24, 2),
      }
    }
    case 137: {
      if (bytes.length < 40) return cutOff('icmp6', bytes, 40)
      return { kind: 'redirect', gateway: ipv6At(bytes, 8), destination: ipv6At(bytes, 24) }
    }
    default:
      return { kind: 'other-icmp', type, code }
  }
}

/**
 * The records of an IGMPv3 or MLDv2 report: both have the same header of 8 bytes, and records that differ in the
 * length of an address only (RFC 3376, 4.2; RFC 3810, 5.2).
 */
function membershipReport(bytes: Uint8Array, family: Family): GroupMembership | Malformed {
  const size = family === 4 ? 4 : 16
  const groups: string[] = []
  let offset = 8
  for (let left = u16(bytes, 6); left > 0; left--) {
    if (offset + 4 + size > bytes.length) return cutOff(family === 4 ? 'igmp' : 'icmp6', bytes, offset + 4 + size)
    groups.push(family === 4 ? ipv4At(bytes, offset + 4) : ipv6At(bytes, offset + 4))
    offset += 4 + size + u16(bytes, offset + 2) * size + u8(bytes, offset + 1) * 4
  }
  return { kind: 'membership', protocol: family === 4 ? 'igmp' : 'mld', what: 'report', groups }
}

/** IGMP of any version (RFC 1112, RFC 2236, RFC 3376). */
export function decodeIgmp(bytes: Uint8Array): Transport {
  if (bytes.length < 8) return cutOff('igmp', bytes, 8)
  const type = u8(bytes, 0)
  if (type === 0x22) return membershipReport(bytes, 4)
  const what = ({ 0x11: 'query', 0x12: 'report', 0x16: 'report', 0x17: 'done' } as const)[type]
  if (what === undefined) return nonsense('igmp', `unknown type ${type}`)
  const group = ipv4At(bytes, 4)
  return { kind: 'membership', protocol: 'igmp', what, groups: group === '0.0.0.0' ? [] : [group] }
}

/** Options of neighbour discovery: type, length in units of 8 bytes, value (RFC 4861, 4.6). */
function* options(bytes: Uint8Array, start: number): Generator<{ type: number; offset: number; length: number }> {
  let offset = start
  while (offset + 8 <= bytes.length) {
    const length = u8(bytes, offset + 1) * 8
    if (length === 0 || offset + length > bytes.length) return
    yield { type: u8(bytes, offset), offset, length }
    offset += length
  }
}

function macOption(bytes: Uint8Array, start: number, type: 1 | 2): { mac?: string } {
  for (const option of options(bytes, start)) {
    if (option.type === type) return { mac: macText(bytes.subarray(option.offset + 2, option.offset + 8)) }
  }
  return {}
}

function prefixOptions(bytes: Uint8Array, start: number): readonly string[] {
  const prefixes: string[] = []
  for (const option of options(bytes, start)) {
    if (option.type !== 3 || option.length < 32) continue
    prefixes.push(`${ipv6At(bytes, option.offset + 16)}/${u8(bytes, option.offset + 2)}`)
  }
  return prefixes
}
