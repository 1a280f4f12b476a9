import { familyOf } from '../model/addresses.ts'
import { NetwrightError } from '../model/errors.ts'
import { unknownName } from '../model/names.ts'
import type { Topology } from '../lab/topology.ts'

/** A literal address as a column of a matrix. */
export type AddressText = `${number}.${number}.${number}.${number}` | `${string}:${string}`

/** What a column names: a place of the topology, or an address. */
export type Destination =
  { readonly kind: 'place'; readonly id: string } | { readonly kind: 'address'; readonly address: string }

/** Every place of a topology by its full id: hosts, and namespaces as `host/name`. */
export function placeIds(topology: Topology): string[] {
  const hosts = topology.underlay.hosts.map((h) => h.name)
  const named = Object.entries(topology.namespaces).flatMap(([host, names]) => names.map((name) => `${host}/${name}`))
  return [...hosts, ...named]
}

/**
 * The id that a name stands for: itself, or the one namespace of that name.
 *
 * @throws NETWRIGHT_UNKNOWN_NAMESPACE listing what exists; also when two hosts have a namespace of that name
 */
export function resolvePlace(topology: Topology, name: string, where: string): string {
  const ids = placeIds(topology)
  if (ids.includes(name)) return name
  const matches = ids.filter((id) => id.endsWith(`/${name}`))
  const [only] = matches
  if (matches.length === 1 && only !== undefined) return only
  if (matches.length > 1) {
    throw new NetwrightError('NETWRIGHT_UNKNOWN_NAMESPACE', `"${name}" is the name of several namespaces`, {
      place: where,
      next: `Write one of: ${matches.join(', ')}.`,
    })
  }
  const short = ids.map((id) => id.slice(id.indexOf('/') + 1))
  throw unknownName('NETWRIGHT_UNKNOWN_NAMESPACE', 'host or namespace', name, [...new Set([...short, ...ids])], where)
}

export function resolveDestination(topology: Topology, name: string, where: string): Destination {
  if (familyOf(name) !== undefined) return { kind: 'address', address: name }
  return { kind: 'place', id: resolvePlace(topology, name, where) }
}
