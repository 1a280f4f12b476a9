import type { Channel } from '../../harness/machines/channel/channel.ts'
import type { Hosts } from '../../harness/lab/topology.ts'
import { findNamespace, ownerOf, parentOf, type Graph, type Interface } from '../../harness/model/graph.ts'
import type { CellResult } from '../../harness/model/results.ts'

export const kinds = [
  'ping renamed away',
  'namespace missing',
  'device down',
  'address missing',
  'wrong mode',
  'dead target',
  'reply path cut',
  'agent killed',
] as const
export type Kind = (typeof kinds)[number]

/** One way to break a lab. */
export interface Mutation {
  readonly kind: Kind
  /** What exactly is broken: `node1/ns1 mac1`. */
  readonly what: string
  /** The device that is broken, where it is one. */
  readonly spot?: { readonly ns: string; readonly dev: string }
  readonly apply: (hosts: Hosts<string>, channel: Channel) => Promise<unknown>
}

/**
 * The mutations that touch what a measured step rests on, from its graph and the sightings of its sound run alone: a namespace at
 * an end, a device that carried its frames or whose state decided, an address it used, a tool it called.
 */
export function mutationsFor(graph: Graph, cells: readonly CellResult[]): Mutation[] {
  const found = new Map<string, Mutation>()
  for (const cell of cells) {
    if (cell.observed.verdict === 'inconclusive') continue
    for (const mutation of [
      ...withoutPing(cell),
      ...withoutNamespace(graph, cell),
      ...deviceDown(graph, cell),
      ...withoutAddress(graph, cell),
      ...wrongMode(graph, cell),
      ...deadTarget(cell),
      ...replyPathCut(graph, cell),
    ]) {
      found.set(`${mutation.kind}: ${mutation.what}`, mutation)
    }
  }
  if (cells.length > 0) {
    found.set('agent', { kind: 'agent killed', what: 'the sandbox’s agent', apply: (_, channel) => channel.close() })
  }
  return [...found.values()]
}

const hostOf = (id: string): string => id.split('/')[0] ?? id

/** Types a command in a namespace of a host. */
async function inside(hosts: Hosts<string>, id: string, argv: readonly string[]): Promise<unknown> {
  const [host = '', name] = id.split('/')
  const shell = hosts[host]?.$
  if (shell === undefined) throw new Error(`no host ${host}`)
  return name === undefined ? shell`${argv}` : shell`nsenter --net=/run/netns/${name} ${argv}`
}

function withoutPing({ evidence }: CellResult): Mutation[] {
  if (evidence.probe.protocol.kind !== 'icmp') return []
  const host = hostOf(evidence.probe.from)
  // Renamed for this host alone: an unreadable name is put where the search path finds ping.
  const script =
    'for d in $(type -aP ping | xargs -n1 dirname | xargs -n1 realpath | sort -u); do mkdir -p /run/m$d /run/r$d; mount --bind $d /run/r$d; ' +
    'for f in $d/*; do ln -s /run/r$d/$(basename $f) /run/m$d/; done; mv /run/m$d/ping /run/m$d/ping.away; mount --bind /run/m$d $d; done'
  return [{ kind: 'ping renamed away', what: host, apply: (hosts) => inside(hosts, host, ['bash', '-c', script]) }]
}

function withoutNamespace(graph: Graph, { evidence }: CellResult): Mutation[] {
  return [evidence.probe.from, evidence.probe.owner].flatMap((id) => {
    const ns = id === undefined ? undefined : findNamespace(graph, id)
    if (ns?.name === undefined) return []
    const name = ns.name
    return [
      {
        kind: 'namespace missing' as const,
        what: ns.id,
        apply: (hosts: Hosts<string>) => inside(hosts, ns.host, ['ip', 'netns', 'del', name]),
      },
    ]
  })
}

/** Devices that the ends' own frames passed, and what those sit on; and the place that a verdict names. */
function deviceDown(graph: Graph, { evidence, observed }: CellResult): Mutation[] {
  const { probe, sightings } = evidence
  const isReached = observed.verdict === 'reached'
  const spots = new Map<string, { ns: string; dev: Interface }>()
  const add = (nsId: string, devName: string): void => {
    const ns = findNamespace(graph, nsId)
    const dev = ns?.interfaces.find((i) => i.name === devName)
    if (ns === undefined || dev === undefined || dev.kind === 'loopback' || !dev.up || ns.role === 'wire') return
    spots.set(`${ns.id} ${dev.name}`, { ns: ns.id, dev })
    const below = parentOf(graph, dev)
    // Both ends of a macvlan or veth matter; what lies behind a wire's port is another device's matter.
    if (below !== undefined && below.ns.role !== 'wire' && below.dev.up)
      spots.set(`${below.ns.id} ${below.dev.name}`, { ns: below.ns.id, dev: below.dev })
  }
  for (const s of sightings) {
    if (s.forOther === true || (s.kind !== 'request' && s.kind !== 'reply' && s.kind !== 'solicit')) continue
    const isSource = s.ns === probe.from && s.direction === 'out'
    const isTarget = isReached && s.ns === probe.owner && s.kind === 'request' && !isGroup(s.targetMac)
    if (isSource || isTarget) add(s.ns, s.dev)
  }
  if (observed.verdict === 'blocked') {
    const [ns = '', dev = ''] = observed.at.split(' ')
    add(ns, dev)
  }
  return [...spots.values()].map(({ ns, dev }) => ({
    kind: 'device down',
    what: `${ns} ${dev.name}`,
    spot: { ns, dev: dev.name },
    apply: (hosts) => inside(hosts, ns, ['ip', 'link', 'set', dev.name, 'down']),
  }))
}

const isGroup = (mac: string): boolean => (parseInt(mac.slice(0, 2), 16) & 1) === 1

/** The address that was asked for, and the one that the requests carried. */
function withoutAddress(graph: Graph, { evidence }: CellResult): Mutation[] {
  const { probe, sightings } = evidence
  const used = sightings.filter(
    (s) => s.ns === probe.from && s.direction === 'out' && (s.kind === 'request' || s.kind === 'solicit'),
  )
  const own = findNamespace(graph, probe.from)?.interfaces.flatMap((i) => i.addresses) ?? []
  const carried = own
    .map((a) => a.address)
    .filter((address) =>
      used.some((s) => s.text.split(/[\s,>]+/).some((word) => word === address || word.startsWith(`${address}.`))),
    )
  const ends: [string | undefined, string][] = [
    [probe.owner, probe.address],
    ...carried.map((address): [string, string] => [probe.from, address]),
  ]
  return ends.flatMap(([id, address]) => {
    const ns = id === undefined ? undefined : findNamespace(graph, id)
    const dev = ns?.interfaces.find((i) => i.kind !== 'loopback' && i.addresses.some((a) => a.address === address))
    const prefix = dev?.addresses.find((a) => a.address === address)?.prefix
    if (ns === undefined || dev === undefined || prefix === undefined) return []
    const argv = ['ip', 'addr', 'del', `${address}/${String(prefix)}`, 'dev', dev.name]
    return [
      {
        kind: 'address missing' as const,
        what: `${ns.id} ${dev.name} ${address}`,
        apply: (hosts: Hosts<string>) => inside(hosts, ns.id, argv),
      },
    ]
  })
}

/** All children of a parent whose children talk, or may not talk, to each other change their mode. */
function wrongMode(graph: Graph, { evidence, observed }: CellResult): Mutation[] {
  const { probe } = evidence
  const left = evidence.sightings.find((s) => s.ns === probe.from && s.direction === 'out')
  const source = findNamespace(graph, probe.from)?.interfaces.find((i) => i.name === left?.dev)
  const owner = ownerOf(graph, probe.address)?.dev
  if (source === undefined || owner === undefined || source === owner) return []
  const mode = otherMode(source, observed.verdict === 'reached')
  if (mode === undefined || !isModed(owner)) return []
  const parent = parentOf(graph, source)
  const other = parentOf(graph, owner)
  if (parent === undefined || other?.ns.id !== parent.ns.id || other.dev.name !== parent.dev.name) return []
  const children = graph.namespaces.flatMap((ns) =>
    ns.interfaces
      .filter((dev) => moded.includes(dev.kind) && parentOf(graph, dev)?.dev === parent.dev)
      .map((dev) => ({ ns: ns.id, dev: dev.name, type: dev.kind })),
  )
  const apply = async (hosts: Hosts<string>): Promise<void> => {
    for (const { ns, dev, type } of children)
      await inside(hosts, ns, ['ip', 'link', 'set', dev, 'type', type, 'mode', ...mode])
  }
  return [{ kind: 'wrong mode', what: `children of ${parent.ns.id} ${parent.dev.name}: ${mode.join(' ')}`, apply }]
}

const moded: readonly string[] = ['macvlan', 'macvtap', 'ipvlan']

/** Passthru and source are ways of their own, which say nothing of siblings. */
const isModed = ({ kind, mode = '' }: Pick<Interface, 'kind' | 'mode'>): boolean =>
  moded.includes(kind) && (kind === 'ipvlan' || ['bridge', 'private', 'vepa'].includes(mode))

/**
 * The mode in which siblings do not talk, or do; ipvlan has a flag for that beside its mode. None for other devices, nor where
 * they are in it already, and something else keeps them apart.
 */
function otherMode({ kind, mode = '' }: Interface, talks: boolean): readonly string[] | undefined {
  const apart = talks ? 'private' : 'bridge'
  if (kind === 'ipvlan') {
    const [routing = '', flag = 'bridge'] = mode.split(' ')
    // What bridge keeps apart, such as multicasts in l3, another mode may let through.
    return flag === apart ? (routing === 'l2' ? undefined : ['l2', apart]) : [routing, apart]
  }
  return isModed({ kind, mode }) && mode !== apart ? [apart] : undefined
}

/** The target stops answering echo requests; or what shows that it is alive would. */
function deadTarget({ evidence, observed }: CellResult): Mutation[] {
  const { probe, controls } = evidence
  const { owner } = probe
  if (owner === undefined || probe.protocol.kind !== 'icmp') return []
  const isAsked = controls.some((c) => c.end === 'target' && (c.method === 'peer' || c.method === 'self'))
  if (observed.verdict !== 'reached' && !isAsked) return []
  const name = probe.family === 4 ? 'net.ipv4.icmp_echo_ignore_all' : 'net.ipv6.icmp.echo_ignore_all'
  return [
    {
      kind: 'dead target',
      what: `${owner} IPv${String(probe.family)}`,
      apply: (hosts) => inside(hosts, owner, ['sysctl', '-qw', `${name}=1`]),
    },
  ]
}

/** The target's answers are dropped on their way out, or have no way out. */
function replyPathCut(graph: Graph, { evidence, observed }: CellResult): Mutation[] {
  const { probe, sightings } = evidence
  const { owner } = probe
  if (owner === undefined || owner === probe.from || observed.verdict !== 'reached' || probe.protocol.kind === 'arp')
    return []
  const reply = sightings.find((s) => s.kind === 'reply' && s.ns === owner && s.direction === 'out')
  const own = findNamespace(graph, probe.from)?.interfaces.flatMap((i) => i.addresses.map((a) => a.address)) ?? []
  const source = own.find((address) =>
    reply?.text.split(/[\s,>:]+(?=\s|$)|\s/).some((word) => word === address || word.startsWith(`${address}.`)),
  )
  if (source === undefined) return []
  const ip = probe.family === 4 ? 'ip' : 'ip6'
  const rules = `table inet cut { chain out { type filter hook output priority 0; ${ip} daddr ${source} meta l4proto { icmp, tcp, udp } drop; ${ip} daddr ${source} icmpv6 type echo-reply drop; }; }`
  const host = `${source}/${probe.family === 4 ? '32' : '128'}`
  return [
    {
      kind: 'reply path cut',
      what: `${owner} drops what goes to ${source}`,
      apply: (hosts) =>
        inside(hosts, owner, [
          'nft',
          probe.family === 4 ? rules.replace(/ ip daddr \S+ icmpv6 type echo-reply drop;/, '') : rules,
        ]),
    },
    {
      kind: 'reply path cut',
      what: `${owner} has a blackhole for ${source}`,
      apply: (hosts) => inside(hosts, owner, ['ip', 'route', 'replace', 'blackhole', host]),
    },
  ]
}
