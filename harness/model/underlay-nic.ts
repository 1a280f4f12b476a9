import { cidrText, contains, networkOf, parseCidr, rangeOf, roleInSubnet, type Cidr } from './addresses.ts'
import { NetwrightError } from './errors.ts'
import { nicMac } from './link-addresses.ts'
import { checkInterfaceName, unknownName } from './names.ts'
import type { NicSpec, UnderlaySpec, WireSpec } from './underlay-spec.ts'

/**
 * The subnets of a wire, from `192.168.0.0/16 fd00:a::/64`.
 *
 * @throws NetwrightError NETWRIGHT_BAD_ADDRESS also when host bits are set
 */
export function parsePrefixes(text: string, place: string): readonly Cidr[] {
  return words(text).map((word) => {
    const cidr = parseCidr(word, place)
    const network = networkOf(cidr)
    if (network.address === cidr.address) return cidr
    const next = `Did you mean ${cidrText(network)}?`
    throw new NetwrightError('NETWRIGHT_BAD_ADDRESS', `${word} is not a subnet: host bits are set`, { place, next })
  })
}

/**
 * One NIC, from `lan 192.168.179.9/16 fd00:a::9/64`, checked against everything declared before.
 *
 * @param ordinals - of the host in the underlay and of the NIC on the host, both from 1
 * @throws NetwrightError NETWRIGHT_BAD_NAME, NETWRIGHT_UNKNOWN_WIRE, NETWRIGHT_BAD_ADDRESS,
 *   NETWRIGHT_ADDRESS_OUTSIDE_WIRE
 */
export function parseNic<Wires extends string>(
  name: string,
  text: string,
  wires: readonly WireSpec<Wires>[],
  host: string,
  ordinals: { readonly host: number; readonly nic: number },
): NicSpec<Wires> {
  const place = `${host}, NIC ${name}`
  checkInterfaceName(name, host)
  if (name === 'lo') throw new NetwrightError('NETWRIGHT_BAD_NAME', 'every host has a "lo" already', { place: host })
  const [wireName = '', ...addresses] = words(text)
  const wire = wires.find((candidate) => candidate.name === wireName)
  if (wire === undefined) {
    const existing = wires.map((candidate) => candidate.name)
    throw unknownName('NETWRIGHT_UNKNOWN_WIRE', 'wire', wireName, existing, place)
  }
  return {
    name,
    wire: wire.name,
    addresses: addresses.map((word) => checkOnWire(parseCidr(word, place), wire, place)),
    mac: nicMac(ordinals.host, ordinals.nic),
  }
}

function checkOnWire(cidr: Cidr, wire: WireSpec, place: string): Cidr {
  const range = rangeOf(cidr.address)
  if (['multicast', 'loopback', 'unspecified', 'broadcast'].includes(range)) {
    throw new NetwrightError('NETWRIGHT_BAD_ADDRESS', `${cidrText(cidr)} cannot be the address of a NIC: ${range}`, {
      place,
    })
  }
  const subnet = wire.prefixes.find((prefix) => contains(prefix, cidr.address))
  // fe80::/10 exists on every link.
  if (subnet === undefined && wire.prefixes.length > 0 && !isLinkLocal(cidr)) {
    const known = wire.prefixes.map(cidrText).join(', ')
    throw new NetwrightError('NETWRIGHT_ADDRESS_OUTSIDE_WIRE', `${cidrText(cidr)} is outside wire ${wire.name}`, {
      place,
      next: `Take an address of ${known}, or give the wire another prefix.`,
    })
  }
  for (const [whose, prefix] of [[`wire ${wire.name}`, subnet] as const, ['its own prefix', cidr] as const]) {
    const role = prefix === undefined ? 'host' : roleInSubnet(prefix, cidr.address)
    if (role === 'host' || prefix === undefined) continue
    const what = `${cidrText(cidr)} is the ${role} address of ${whose} (${cidrText(networkOf(prefix))})`
    throw new NetwrightError('NETWRIGHT_BAD_ADDRESS', what, { place, next: 'Take a host address.' })
  }
  return cidr
}

/**
 * Each address belongs to one NIC of the lab, or nobody could say who answered. Link-local addresses count per wire.
 *
 * @throws NetwrightError NETWRIGHT_DUPLICATE_ADDRESS, naming both NICs
 */
export function checkAddressesUnique(spec: UnderlaySpec): void {
  const owners = new Map<string, string>()
  for (const host of spec.hosts) {
    for (const nic of host.nics) {
      for (const cidr of nic.addresses) {
        const key = isLinkLocal(cidr) ? `${cidr.address} on ${nic.wire}` : cidr.address
        const place = `host ${host.name}, NIC ${nic.name}`
        const owner = owners.get(key)
        if (owner !== undefined) {
          const what = `${cidr.address} is given twice: to ${owner} and to ${place}`
          throw new NetwrightError('NETWRIGHT_DUPLICATE_ADDRESS', what, { place, next: 'Change one of them.' })
        }
        owners.set(key, place)
      }
    }
  }
}

/** An IPv6 link-local address; 169.254.0.0/16 is a subnet like any other to the kernel. */
function isLinkLocal(cidr: Cidr): boolean {
  return cidr.family === 6 && rangeOf(cidr.address) === 'linkLocal'
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
