import type { Family } from './probe.ts'

/** What a namespace stands for in the lab. */
export type NamespaceRole = 'host' | 'namespace' | 'router' | 'client' | 'wire'

export interface InterfaceAddress {
  readonly family: Family
  readonly address: string
  readonly prefix: number
  readonly scope: string
  /** Duplicate address detection has not ended (IPv6). */
  readonly tentative?: boolean
}

/** A device as `ip -d link` and `ip addr` show it. */
export interface Interface {
  readonly name: string
  readonly index: number
  /** `macvlan`, `veth`, `bridge`, …; `loopback` for lo. */
  readonly kind: string
  /** Mode of macvlan, macvtap and ipvlan, with its flag if any: `bridge`, `l2`, `l3s private`. */
  readonly mode?: string
  /** IFF_UP: the administrator set it up. */
  readonly up: boolean
  /** `UP`, `DOWN`, `LOWERLAYERDOWN`, `UNKNOWN`, as the kernel reports it. */
  readonly operstate: string
  readonly flags: readonly string[]
  readonly mac: string
  readonly mtu: number
  /** Parent of a sub-interface, or peer of a veth, resolved across namespaces. */
  readonly link?: { readonly ns: string; readonly dev: string } | { readonly ns?: undefined; readonly dev: string }
  /** Bridge or bond that the device is a port of. */
  readonly master?: string
  /** For bridge ports: STP state, and whether frames may leave by the port they came in on. */
  readonly port?: { readonly state: string; readonly hairpin: boolean }
  readonly addresses: readonly InterfaceAddress[]
  /** What else the kernel says of this kind (`linkinfo.info_data`). */
  readonly details: Readonly<Record<string, unknown>>
}

export interface Route {
  readonly family: Family
  /** `default` or a prefix. */
  readonly to: string
  readonly via?: string
  readonly dev?: string
  /** `unicast`, `blackhole`, `unreachable`, `local`, … */
  readonly type: string
  readonly metric?: number
  readonly scope?: string
  readonly source?: string
  /** A table other than main, which is used where a rule (`ip rule`) says so. */
  readonly table?: string
}

export interface Neighbour {
  readonly address: string
  readonly dev: string
  readonly mac?: string
  readonly state: string
}

/** One network namespace of the lab. */
export interface Namespace {
  /** `node1`, `node1/ns1`, `wire:lan`. */
  readonly id: string
  readonly role: NamespaceRole
  /** Host on which `ip netns` knows the namespace. */
  readonly host: string
  /** Name for `ip netns`, absent for a host's own namespace. */
  readonly name?: string
  readonly interfaces: readonly Interface[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  /** The sysctls that decide connectivity: forwarding, rp_filter, proxy_arp, … by their full name. */
  readonly sysctls: Readonly<Record<string, string>>
}

/** What the kernel says was built. */
export interface Graph {
  readonly namespaces: readonly Namespace[]
}

/**
 * The namespace that owns an address, with the device it sits on. An address on `lo` (a virtual service's) counts as well, save
 * those that every stack has for itself.
 */
export function ownerOf(graph: Graph, address: string): { ns: Namespace; dev: Interface } | undefined {
  const holders = graph.namespaces.flatMap((ns) => {
    const dev = holderOf(ns, address)
    return dev === undefined ? [] : [{ ns, dev }]
  })
  return holders.find(({ dev }) => dev.kind !== 'loopback') ?? holders[0]
}

/** The device of a namespace that an address sits on: any other rather than `lo`. */
export function holderOf(ns: Namespace, address: string): Interface | undefined {
  if (address === '::1' || address.startsWith('127.')) return undefined
  const holders = ns.interfaces.filter((i) => i.addresses.some((a) => a.address === address))
  return holders.find((i) => i.kind !== 'loopback') ?? holders[0]
}

export function findNamespace(graph: Graph, id: string): Namespace | undefined {
  return graph.namespaces.find((ns) => ns.id === id)
}

/** Parent device of a sub-interface, when the parent's namespace belongs to the lab. */
export function parentOf(graph: Graph, dev: Interface): { ns: Namespace; dev: Interface } | undefined {
  const link = dev.link
  if (link?.ns === undefined) return undefined
  const ns = findNamespace(graph, link.ns)
  const parent = ns?.interfaces.find((i) => i.name === link.dev)
  return ns && parent ? { ns, dev: parent } : undefined
}
