import { fromBytes, toBytes } from './addresses.ts'

/** The Ethernet broadcast address. */
export const broadcastMac = 'ff:ff:ff:ff:ff:ff'

/** `02:00:00:00:01:01`: 6 bytes as `ip link` prints them. */
export function macText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += `${text === '' ? '' : ':'}${byte < 16 ? '0' : ''}${byte.toString(16)}`
  return text
}

/**
 * The 6 bytes of a MAC.
 *
 * @throws RangeError when it is not six pairs of hexadecimal digits joined by colons
 */
export function macBytes(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) throw new RangeError(`${JSON.stringify(mac)} is not a MAC`)
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
}

/**
 * A locally administered unicast MAC that depends on nothing but two ordinals, so that two runs print the same report.
 *
 * @param host - 1 to 65535
 * @param nic - 1 to 255
 * @example
 * nicMac(1, 2) // '02:00:00:00:01:02'
 */
export function nicMac(host: number, nic: number): string {
  if (host < 1 || host > 0xffff || nic < 1 || nic > 0xff) throw new RangeError(`no MAC for host ${host}, NIC ${nic}`)
  return macText(Uint8Array.of(0x02, 0, 0, host >> 8, host & 0xff, nic))
}

/**
 * The MAC that a multicast address is sent to: 01:00:5e and 23 bits (RFC 1112, 6.4), or 33:33 and 32 bits (RFC 2464, 7).
 *
 * @throws RangeError when the address is not multicast
 */
export function multicastMac(address: string): string {
  const bytes = toBytes(address)
  const [first = 0] = bytes
  if (bytes.length === 4 && first >> 4 === 0xe) {
    const low = bytes.slice(1)
    low[0] = (low[0] ?? 0) & 0x7f
    return `01:00:5e:${macText(low)}`
  }
  if (bytes.length === 16 && first === 0xff) return `33:33:${macText(bytes.subarray(12))}`
  throw new RangeError(`${address} is not multicast`)
}

/**
 * The solicited-node multicast address of an IPv6 address: ff02::1:ff00:0 with its last 24 bits (RFC 4291, 2.7.1).
 *
 * @throws RangeError for an IPv4 address
 */
export function solicitedNode(address: string): string {
  const bytes = toBytes(address)
  if (bytes.length !== 16) throw new RangeError(`${address} is not an IPv6 address`)
  const group = toBytes('ff02::1:ff00:0')
  group.set(bytes.subarray(13), 13)
  return fromBytes(group)
}

/**
 * The link-local address that the kernel forms from a MAC with `addr_gen_mode eui64` (RFC 4291, appendix A).
 *
 * @example
 * linkLocal('02:00:00:00:01:01') // 'fe80::ff:fe00:101'
 */
export function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac)
  return fromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 0x02, b, c, 0xff, 0xfe, d, e, f))
}
