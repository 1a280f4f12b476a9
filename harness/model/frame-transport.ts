import { cutOff, nonsense, u16, u32, u8 } from './frame-bytes.ts'
import type { Frame, Transport } from './frame-types.ts'

const tcpFlags = [
  ['F', 0x01],
  ['S', 0x02],
  ['R', 0x04],
  ['P', 0x08],
  ['U', 0x20],
  ['.', 0x10],
] as const

/**
 * TCP (RFC 9293). The eight bytes that an ICMP error must quote suffice for the ports and the sequence number.
 *
 * @param bytes - from the TCP header to the end of the IP packet, or of the capture
 */
export function decodeTcp(bytes: Uint8Array): Transport {
  if (bytes.length < 8) return cutOff('tcp', bytes, 20)
  const ports = { kind: 'tcp', sourcePort: u16(bytes, 0), targetPort: u16(bytes, 2), seq: u32(bytes, 4) } as const
  if (bytes.length < 14) return { ...ports, flags: '', ack: 0, payload: bytes.subarray(bytes.length) }
  const header = (u8(bytes, 12) >> 4) * 4
  if (header < 20) return nonsense('tcp', `a header of ${header} bytes`)
  const bits = u8(bytes, 13)
  let flags = ''
  for (const [letter, bit] of tcpFlags) if ((bits & bit) !== 0) flags += letter
  return { ...ports, flags, ack: u32(bytes, 8), payload: bytes.subarray(Math.min(header, bytes.length)) }
}

/** Port of VXLAN (RFC 7348). The kernel's own default, 8472, also belongs to others and is left alone. */
const vxlanPort = 4789

/**
 * UDP (RFC 768), and VXLAN inside.
 *
 * @param bytes - from the UDP header to the end of the IP packet, or of the capture
 * @param inner - decodes the frame inside VXLAN
 */
export function decodeUdp(bytes: Uint8Array, inner: (bytes: Uint8Array) => Frame): Transport {
  if (bytes.length < 8) return cutOff('udp', bytes, 8)
  const length = u16(bytes, 4)
  // 0 is a jumbogram, or an offloaded datagram not yet cut (RFC 2675, 4).
  if (length !== 0 && length < 8) return nonsense('udp', `a length of ${length} bytes`)
  const payload = bytes.subarray(8, length === 0 ? bytes.length : Math.min(length, bytes.length))
  const udp = { kind: 'udp', sourcePort: u16(bytes, 0), targetPort: u16(bytes, 2), payload } as const
  const hasVni = payload.length >= 8 && (u8(payload, 0) & 0x08) !== 0
  if (udp.targetPort !== vxlanPort || !hasVni) return udp
  return { ...udp, vxlan: { vni: u32(payload, 4) >>> 8, frame: inner(payload.subarray(8)) } }
}
