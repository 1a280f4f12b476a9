import { cidrText, contains, networkOf, parseAddress, parseCidr, type Address } from './addresses.ts'
import { NetwrightError } from './errors.ts'
import { unknownName } from './names.ts'
import type { Family } from './probe.ts'
import type { NicSpec, RouteSpec } from './underlay-spec.ts'

/**
 * One route of a host, written as after `ip route add`: `default via 192.168.1.1`, `10.8.0.0/16 dev ens160`.
 *
 * The gateway must be on-link for a NIC of the host, as the kernel asks ("Nexthop has invalid gateway", net/ipv4/fib_semantics.c).
 * Of the attributes of ip-route(8), `via` and `dev` are known; the rest belongs into the script.
 *
 * @throws NetwrightError NETWRIGHT_BAD_ADDRESS for the text or the gateway, NETWRIGHT_BAD_NAME for a device that the
 *   host does not have
 */
export function parseRoute(text: string, nics: readonly NicSpec[], host: string): RouteSpec {
  const place = `${host}, route ${JSON.stringify(text)}`
  const { to, via, dev } = parts(text, place)
  const gateway = via === undefined ? undefined : parseAddress(via, place)
  const target = to === 'default' ? undefined : destination(to, place)
  const family = target?.family ?? gateway?.family ?? 4
  if (gateway !== undefined && gateway.family !== family) {
    throw bad(
      `the gateway ${gateway.address} is not IPv${family}`,
      place,
      'Write a gateway of the family of the prefix.',
    )
  }
  if (dev !== undefined && !nics.some((nic) => nic.name === dev)) {
    const names = nics.map((nic) => nic.name)
    throw unknownName('NETWRIGHT_BAD_NAME', 'NIC', dev, names, place)
  }
  if (gateway !== undefined) checkGateway(gateway, dev, nics, place)
  return {
    family,
    to: target?.text ?? 'default',
    ...(gateway === undefined ? {} : { via: gateway.address }),
    ...(dev === undefined ? {} : { dev }),
  }
}

function parts(text: string, place: string): { to: string; via?: string; dev?: string } {
  const [to, ...rest] = text.split(/\s+/).filter((word) => word !== '')
  const found: { via?: string; dev?: string } = {}
  for (let index = 0; index < rest.length; index += 2) {
    const [key, value] = [rest[index], rest[index + 1]]
    if ((key !== 'via' && key !== 'dev') || value === undefined || found[key] !== undefined) {
      throw bad(`cannot read the route from ${JSON.stringify(rest.slice(index).join(' '))} on`, place, form)
    }
    found[key] = value
  }
  if (to === undefined || rest.length === 0) throw bad('the route leads nowhere', place, form)
  return { to, ...found }
}

const form = 'Write "default" or a prefix, then "via ADDRESS", "dev NIC" or both.'

function destination(word: string, place: string): { family: Family; text: string } {
  const cidr = parseCidr(word.includes('/') ? word : `${word}/${word.includes(':') ? '128' : '32'}`, place)
  const network = networkOf(cidr)
  if (network.address !== cidr.address) {
    throw bad(`${word} has host bits set`, place, `Did you mean ${cidrText(network)}?`)
  }
  return { family: cidr.family, text: cidr.prefix === 0 ? 'default' : cidrText(network) }
}

function checkGateway(gateway: Address, dev: string | undefined, nics: readonly NicSpec[], place: string): void {
  const usable = nics.filter((nic) => dev === undefined || nic.name === dev)
  if (nics.some((nic) => nic.addresses.some((cidr) => cidr.address === gateway.address))) {
    throw bad(`the gateway ${gateway.address} is the host itself`, place, 'Write the address of the next hop.')
  }
  const linkLocal = gateway.family === 6 && contains({ family: 6, address: 'fe80::', prefix: 10 }, gateway.address)
  if (linkLocal) {
    if (dev !== undefined) return
    throw bad(`the gateway ${gateway.address} is link-local`, place, 'Add "dev NIC": it exists on every link.')
  }
  if (usable.some((nic) => nic.addresses.some((cidr) => contains(cidr, gateway.address)))) return
  const addresses = usable.flatMap((nic) => nic.addresses.map((cidr) => `${cidrText(cidr)} on ${nic.name}`))
  const where = dev === undefined ? 'on no wire of this host' : `not reachable on ${dev}`
  const next = `Take a gateway in the subnet of: ${addresses.join(', ') || 'an address (the host has none)'}.`
  throw bad(`the gateway ${gateway.address} is ${where}`, place, next)
}

function bad(what: string, place: string, next: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_BAD_ADDRESS', what, { place, next })
}
