import type { NetlinkRequest } from '../../machines/channel/channel.ts'
import type { Family } from '../../model/probe.ts'
import { padded } from './messages.ts'

/*
 * Requests of rtnetlink(7), in the byte order of the machines we run on, which is little-endian. Numbers of attributes are
 * those of linux/if_link.h, linux/if_addr.h and linux/rtnetlink.h.
 */

/** An attribute, without the padding that follows it. */
export interface Attribute {
  readonly number: number
  readonly value: Uint8Array
}

export const text = (number: number, value: string): Attribute => ({ number, value: Buffer.from(`${value}\0`) })

/** @param bytes - 1 or 4 */
export function number(attribute: number, value: number, bytes: 1 | 4 = 4): Attribute {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntLE(value, 0, bytes)
  return { number: attribute, value: buffer }
}

/** @param options - `header`: what stands before the attributes inside */
export function nested(
  number: number,
  attributes: readonly Attribute[],
  { header = new Uint8Array() }: { readonly header?: Uint8Array } = {},
): Attribute {
  return { number, value: Buffer.concat([header, ...attributes.map(encoded)]) }
}

/** RTM_NEWLINK, struct ifinfomsg. */
export function link(
  { flags, index = 0, up = false }: { readonly flags: number; readonly index?: number; readonly up?: boolean },
  attributes: readonly Attribute[],
): NetlinkRequest {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(up ? 1 : 0, 8) // IFF_UP
  header.writeUInt32LE(up ? 1 : 0, 12) // and which flags are meant
  return request(16, flags, header, attributes)
}

/** RTM_NEWADDR, struct ifaddrmsg. */
export function address(
  of: { readonly flags: number; readonly family: Family; readonly prefix: number; readonly index: number },
  attributes: readonly Attribute[],
): NetlinkRequest {
  const header = Buffer.alloc(8)
  header.writeUInt8(familyNumbers[of.family], 0)
  header.writeUInt8(of.prefix, 1)
  header.writeUInt32LE(of.index, 4)
  return request(20, of.flags, header, attributes)
}

/** RTM_NEWROUTE, struct rtmsg: a unicast route of the main table, by a gateway. */
export function route(
  of: { readonly flags: number; readonly family: Family; readonly prefix: number },
  attributes: readonly Attribute[],
): NetlinkRequest {
  const [table, protocol, scope, type] = [254, 3, 0, 1] // RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST
  const header = Buffer.from([familyNumbers[of.family], of.prefix, 0, 0, table, protocol, scope, type, 0, 0, 0, 0])
  return request(24, of.flags, header, attributes)
}

/** AF_INET, AF_INET6. */
const familyNumbers: Readonly<Record<Family, number>> = { 4: 2, 6: 10 }

function request(type: number, flags: number, header: Buffer, attributes: readonly Attribute[]): NetlinkRequest {
  return { type, flags, body: Buffer.concat([header, ...attributes.map(encoded)]) }
}

function encoded({ number, value }: Attribute): Buffer {
  const length = 4 + value.length
  const bytes = Buffer.alloc(padded(length))
  bytes.writeUInt16LE(length, 0)
  bytes.writeUInt16LE(number, 2)
  bytes.set(value, 4)
  return bytes
}
