/**
 * The Internet checksum: the complement of the one's complement sum of 16-bit words (RFC 1071). Over bytes that hold
 * their own checksum it is 0.
 */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0
  // An IP packet has 65575 bytes at most, so the sum stays far below 2^53.
  for (let offset = 0; offset < bytes.length; offset += 2) {
    sum += (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000)
  return ~sum & 0xffff
}

/**
 * What UDP, TCP and ICMPv6 sum beside themselves (RFC 768; RFC 8200, 8.1).
 *
 * @param length - bytes of the transport header and its payload
 */
export function pseudoHeader(source: Uint8Array, target: Uint8Array, protocol: number, length: number): Uint8Array {
  const tail = new DataView(new ArrayBuffer(8))
  tail.setUint32(0, length)
  tail.setUint8(7, protocol)
  // The IPv4 form has zero, protocol, 16-bit length: in another order, yet the same sum, because zeroes add nothing.
  return concatBytes([source, target, new Uint8Array(tail.buffer)])
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}
