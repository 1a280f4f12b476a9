import ipaddr from 'ipaddr.js'
import { NetwrightError } from './errors.ts'
import type { Family } from './probe.ts'

/** An address in the one text form that `ip` prints, so that equal addresses are equal strings. */
export interface Address {
  readonly family: Family
  readonly address: string
}

/** An address with a prefix length (0 to 32 or 128). Host bits are kept: see {@link networkOf}. */
export interface Cidr extends Address {
  readonly prefix: number
}

/**
 * Reads an IPv4 or IPv6 address in full: four decimal numbers, or hexadecimal groups, without zone.
 *
 * ip(8) also takes `10.1` (it means 10.1.0.0, where others mean 10.0.0.1), `010.1.1.1` (octal: 8.1.1.1) and
 * hexadecimal. They are refused here, because a reader of the suite takes them for something else.
 *
 * @param place - where it was declared, such as `host node1, NIC ens160`
 * @throws NetwrightError NETWRIGHT_BAD_ADDRESS
 * @example
 * parseAddress('FD00:0:0::9').address // 'fd00::9'
 */
export function parseAddress(text: string, place?: string): Address {
  const address = read(text)
  if (typeof address !== 'string') return address
  throw badAddress(`${JSON.stringify(text)} is not an address: ${address}`, place, 'such as 10.0.0.1 or fd00::1')
}

/**
 * Reads an address with a prefix length, such as `192.168.179.9/16` or `fd00:a::9/64`.
 *
 * @throws NetwrightError NETWRIGHT_BAD_ADDRESS, by the rules of {@link parseAddress}; a prefix length is a plain
 *   decimal number
 */
export function parseCidr(text: string, place?: string): Cidr {
  const cidr = readCidr(text)
  if (typeof cidr !== 'string') return cidr
  const what = `${JSON.stringify(text)} is not an address with a prefix length: ${cidr}`
  throw badAddress(what, place, 'and a prefix length, such as 10.0.0.1/24 or fd00::1/64')
}

/** The family of an address that {@link parseAddress} would take, else `undefined`. */
export function familyOf(text: string): Family | undefined {
  const address = read(text)
  return typeof address === 'string' ? undefined : address.family
}

/** `10.0.0.1/24` */
export function cidrText(cidr: Cidr): string {
  return `${cidr.address}/${cidr.prefix}`
}

/** Whether an address lies in a prefix. Never across families. */
export function contains(prefix: Cidr, address: string): boolean {
  const [inner, outer] = [parsed(address), parsed(prefix.address)]
  return inner.kind() === outer.kind() && inner.match([outer, prefix.prefix])
}

/** Whether each of two interface addresses lies in the subnet of the other, so that both would resolve the other. */
export function sameSubnet(a: Cidr, b: Cidr): boolean {
  return contains(a, b.address) && contains(b, a.address)
}

/**
 * The prefix without host bits.
 *
 * @example
 * networkOf(parseCidr('192.168.179.9/16')) // 192.168.0.0/16
 */
export function networkOf(cidr: Cidr): Cidr {
  const library = cidr.family === 4 ? ipaddr.IPv4 : ipaddr.IPv6
  return { ...cidr, address: textOf(library.networkAddressFromCIDR(`${inHex(cidr.address)}/${cidr.prefix}`)) }
}

/** The broadcast address of an IPv4 subnet; IPv6, /31 and /32 have none (RFC 3021). */
export function broadcastOf(cidr: Cidr): string | undefined {
  if (cidr.family === 6 || cidr.prefix >= 31) return undefined
  return ipaddr.IPv4.broadcastAddressFromCIDR(cidrText(cidr)).toString()
}

/**
 * What an address is in a subnet that contains it. `network` is the all-zeroes address, which IPv6 calls
 * the subnet-router anycast address (RFC 4291, 2.6.1); the last two prefix lengths of either family have none.
 */
export function roleInSubnet(subnet: Cidr, address: string): 'host' | 'network' | 'broadcast' {
  const bits = subnet.family === 4 ? 32 : 128
  if (subnet.prefix >= bits - 1) return 'host'
  if (address === networkOf(subnet).address) return 'network'
  return address === broadcastOf(subnet) ? 'broadcast' : 'host'
}

/** What an address is for, by the IANA registries: `multicast`, `loopback`, `unspecified`, `linkLocal`, … */
export function rangeOf(address: string): string {
  return parsed(address).range()
}

/** The 4 or 16 bytes of an address, in network order. */
export function toBytes(address: string): Uint8Array {
  return Uint8Array.from(parsed(address).toByteArray())
}

/**
 * The text of 4 or 16 bytes.
 *
 * @throws RangeError for another number of bytes
 */
export function fromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length === 16) return textOf(new ipaddr.IPv6([...bytes]))
  throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`)
}

/** As inet_ntop(3) writes it, which RFC 5952 leaves open for IPv4 addresses inside IPv6 ones. */
function textOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address.kind() === 'ipv4') return address.toString()
  const groups = (address as ipaddr.IPv6).parts
  const zeroes = groups.findIndex((group) => group !== 0)
  const dotted = address.toByteArray().slice(12).join('.')
  if (zeroes === 5 && groups[5] === 0xffff) return `::ffff:${dotted}`
  if (zeroes === 6) return `::${dotted}`
  return (address as ipaddr.IPv6).toRFC5952String()
}

/**
 * The text with a dotted end of an IPv6 address in hexadecimal. ipaddr.js reads `::1.2.3.4` as `::ffff:1.2.3.4`, and
 * takes octal there.
 */
function inHex(text: string): string {
  const end = text.lastIndexOf(':') + 1
  const dotted = text.slice(end)
  if (end === 0 || !dotted.includes('.') || !ipaddr.IPv4.isValidFourPartDecimal(dotted)) return text
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(dotted).octets
  return `${text.slice(0, end)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function readCidr(text: string): Cidr | string {
  const slash = text.indexOf('/')
  if (slash < 0) return read(text) instanceof Object ? 'the prefix length is missing' : 'no "/" and no address in it'
  const address = read(text.slice(0, slash))
  if (typeof address === 'string') return address
  const length = text.slice(slash + 1)
  if (!/^(0|[1-9]\d*)$/.test(length)) return `${JSON.stringify(length)} is not a plain decimal number`
  const bits = address.family === 4 ? 32 : 128
  if (Number(length) > bits) return `the prefix length of IPv${address.family} is ${bits} at most`
  return { ...address, prefix: Number(length) }
}

/** ipaddr.js’s object for the text of an address. A lab has few addresses, which are compared with each frame and route. */
const parsed = remembered((text: string) => ipaddr.parse(inHex(text)))

/** The address, or what is wrong with it. */
const read = remembered((text: string): Address | string => {
  if (text.includes('%')) return 'a zone ("%") belongs to a command, not to an address'
  if (text.includes(':')) {
    const hex = inHex(text)
    return ipaddr.IPv6.isValid(hex) && !hex.includes('.')
      ? { family: 6, address: textOf(ipaddr.IPv6.parse(hex)) }
      : 'it has a colon and is not IPv6'
  }
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { family: 4, address: text }
  if (/^\d+(\.\d+){0,2}$/.test(text)) return 'an IPv4 address has four parts'
  if (/^(\d+\.){3}\d+$/.test(text)) return /(^|\.)0\d/.test(text) ? 'leading zeroes mean octal' : 'a part is above 255'
  return 'it is neither IPv4 nor IPv6'
})

/** Texts that are remembered at most, each of them in some hundred bytes. */
const mostRemembered = 2048

/** A pure function of a text that keeps what it returned; what it throws is thrown anew each time. */
function remembered<Result>(work: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const result = work(text)
    if (known.size >= mostRemembered) known.clear()
    known.set(text, result)
    return result
  }
}

function badAddress(what: string, place: string | undefined, form: string): NetwrightError {
  const next = `Write an IPv4 or IPv6 address ${form}.`
  return new NetwrightError('NETWRIGHT_BAD_ADDRESS', what, place === undefined ? { next } : { place, next })
}
