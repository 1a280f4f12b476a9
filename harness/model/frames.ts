import { cutOff, ipv4At, nonsense, u16, u8 } from './frame-bytes.ts'
import { decodeIp, decodeIpv4, decodeIpv6, type Nested } from './frame-ip.ts'
import { etherTypeName } from './frame-numbers.ts'
import type { EthernetHeader, Frame, LinkType, Packet } from './frame-types.ts'
import { macText } from './link-addresses.ts'

/**
 * How frames of a device begin, by its hardware type (`sll_hatype` of packet(7), ARPHRD_ of include/uapi/linux/if_arp.h);
 * `undefined` when this decoder does not know it.
 */
export function linkTypeOf(hardwareType: number): LinkType | undefined {
  switch (hardwareType) {
    case 1: // Ethernet
    case 772: // loopback
      return 'ethernet'
    case 65534: // none, as of tun
    case 768: // ipip
    case 769: // ip6tnl
    case 776: // sit
    case 778: // gre
    case 823: // ip6gre
      return 'ip'
    default:
      return undefined
  }
}

/** Errors quote packets and tunnels carry frames; garbage could do so thousands of times. */
const deepest = 8

/**
 * Decodes a captured frame, as far as its bytes reach. Never throws: what makes no sense becomes `malformed`, with the
 * layer and the ground. Payloads are views of `bytes`, not copies. Checksums are not verified, because those of
 * frames captured on their way out are yet to be filled in by the device.
 *
 * @param bytes - one frame, possibly cut off by the capture
 * @example
 * const { packet } = decodeFrame(bytes)
 * if (packet.kind === 'ipv4' && packet.transport.kind === 'echo-request') console.log(packet.source, packet.transport.seq)
 */
export function decodeFrame(bytes: Uint8Array, link: LinkType = 'ethernet'): Frame {
  return decode(bytes, link, 0)
}

function decode(bytes: Uint8Array, link: LinkType, depth: number): Frame {
  const nested: Nested = {
    packet: (inner) => (depth < deepest ? decode(inner, 'ip', depth + 1).packet : tooDeep),
    frame: (inner) =>
      depth < deepest ? decode(inner, 'ethernet', depth + 1) : { length: inner.length, packet: tooDeep },
  }
  const length = bytes.length
  if (link === 'ip') return { length, packet: decodeIp(bytes, nested) }
  if (length < 14) return { length, packet: cutOff('ethernet', bytes, 14) }
  const { vlans, type, offset } = typeBehindTags(bytes)
  const ethernet: EthernetHeader = {
    source: macText(bytes.subarray(6, 12)),
    target: macText(bytes.subarray(0, 6)),
    type,
    vlans,
  }
  if (offset > length) return { length, ethernet, packet: cutOff('ethernet', bytes, offset) }
  return { length, ethernet, packet: decodePacket(type, bytes.subarray(offset), nested) }
}

const tooDeep = nonsense('ethernet', 'packets in packets, too deep')

/** VLAN tags: 802.1Q, 802.1ad, and the older 0x9100 of stacked tags. */
function typeBehindTags(bytes: Uint8Array): { vlans: readonly number[]; type: number; offset: number } {
  const vlans: number[] = []
  let offset = 14
  let type = u16(bytes, 12)
  while ((type === 0x8100 || type === 0x88a8 || type === 0x9100) && offset <= bytes.length) {
    if (offset + 4 <= bytes.length) vlans.push(u16(bytes, offset) & 0x0fff)
    type = u16(bytes, offset + 2)
    offset += 4
  }
  return { vlans, type, offset }
}

function decodePacket(type: number, bytes: Uint8Array, nested: Nested): Packet {
  switch (type) {
    case 0x0800:
      return decodeIpv4(bytes, nested)
    case 0x86dd:
      return decodeIpv6(bytes, nested)
    case 0x0806:
      return decodeArp(bytes)
    default:
      // LLC of spanning tree: both service access points are 0x42.
      if (type < 0x600 && u16(bytes, 0) === 0x4242) return { kind: 'stp' }
      return { kind: 'other-packet', name: etherTypeName(type) }
  }
}

/** ARP for IPv4 over Ethernet (RFC 826). */
function decodeArp(bytes: Uint8Array): Packet {
  if (bytes.length < 28) return cutOff('arp', bytes, 28)
  const shape = [u16(bytes, 0), u16(bytes, 2), u8(bytes, 4), u8(bytes, 5)].join(' ')
  if (shape !== '1 2048 6 4') return nonsense('arp', `not IPv4 over Ethernet: ${shape}`)
  return {
    kind: 'arp',
    op: u16(bytes, 6),
    senderMac: macText(bytes.subarray(8, 14)),
    sender: ipv4At(bytes, 14),
    targetMac: macText(bytes.subarray(18, 24)),
    target: ipv4At(bytes, 24),
  }
}
