import { fromBytes } from './addresses.ts'
import type { Layer, Malformed } from './frame-types.ts'

/** Big-endian readers that give 0 for what lies behind the end: a decoder checks lengths, and never throws. */
export function u8(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0
}

export function u16(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset) << 8) | u8(bytes, offset + 1)
}

export function u32(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) * 0x1_0000 + u16(bytes, offset + 2)
}

/** The caller has checked that four bytes are there. */
export function ipv4At(bytes: Uint8Array, offset: number): string {
  return fromBytes(bytes.subarray(offset, offset + 4))
}

/** The caller has checked that sixteen bytes are there. */
export function ipv6At(bytes: Uint8Array, offset: number): string {
  return fromBytes(bytes.subarray(offset, offset + 16))
}

export function cutOff(layer: Layer, bytes: Uint8Array, needed: number): Malformed {
  return { kind: 'malformed', layer, why: `cut off after ${bytes.length} of ${needed} bytes` }
}

export function nonsense(layer: Layer, why: string): Malformed {
  return { kind: 'malformed', layer, why }
}
