import { contains, familyOf } from '../model/addresses.ts'
import type { Evidence, Sighting, SightingKind } from '../model/evidence.ts'
import {
  findNamespace,
  holderOf,
  ownerOf,
  parentOf,
  type Graph,
  type Interface,
  type Namespace,
} from '../model/graph.ts'
import { egress, nextHop } from '../model/egress.ts'
import type { Reason } from '../model/verdict.ts'

/** A device in its namespace. */
export interface Spot {
  readonly ns: Namespace
  readonly dev: Interface
}

/** Evidence with the graph it was collected on, and what both ends are. */
export interface Case {
  readonly evidence: Evidence
  readonly graph: Graph
  readonly source: Namespace | undefined
  /** Devices by which the source's own frames of this probe left, or would leave. */
  readonly sourceSpot: Spot | undefined
  readonly ownerSpot: Spot | undefined
}

/** That a reason holds, where it stopped, and the sentence that says from what this is known. */
export interface Proof {
  readonly reason: Reason
  readonly at: string
  readonly because: string
}

export function openCase(evidence: Evidence, graph: Graph): Case {
  const { from, owner, address } = evidence.probe
  const source = findNamespace(graph, from)
  const left = evidence.sightings.find((s) => s.ns === from && s.direction === 'out' && forthKinds.includes(s.kind))
  const name = left?.dev ?? routedTo(evidence) ?? egress(graph, from, address)?.name ?? deviceTowards(source, evidence)
  const dev = source?.interfaces.find((i) => i.name === name)
  return {
    evidence,
    graph,
    source,
    sourceSpot: source && dev ? { ns: source, dev } : undefined,
    ownerSpot:
      spotOf(owner === undefined ? undefined : findNamespace(graph, owner), address) ?? ownerOf(graph, address),
  }
}

/** The device that the source's stack names when it is asked: it heeds rules, which the graph does not know. */
function routedTo({ probe, findings }: Evidence): string | undefined {
  return findings.routes?.find((r) => r.ns === probe.from && r.to === probe.address && r.iif === undefined)?.dev
}

/** Where an address lives in a namespace: two namespaces of a lab may hold the same address. */
function spotOf(ns: Namespace | undefined, address: string): Spot | undefined {
  const dev = ns && holderOf(ns, address)
  return ns && dev ? { ns, dev } : undefined
}

/**
 * Without a route (it goes with its device) the device is taken whose subnet holds the target, else the only one that has an
 * address of the target's family; with several, none.
 */
function deviceTowards(source: Namespace | undefined, { probe }: Evidence): string | undefined {
  const fitting = source?.interfaces.filter(
    (i) => i.kind !== 'loopback' && i.addresses.some((a) => a.family === probe.family),
  )
  const onLink = fitting?.find((i) => isOnSubnet(i, probe.address))
  return onLink?.name ?? (fitting?.length === 1 ? fitting[0]?.name : undefined)
}

/** Whether an address lies in a subnet of a device. */
export function isOnSubnet(dev: Interface, address: string): boolean {
  return dev.addresses.some((a) => a.family === familyOf(address) && contains(a, address))
}

export function parentSpot(graph: Graph, spot: Spot | undefined): Spot | undefined {
  return spot && parentOf(graph, spot.dev)
}

/** The macvlan children of a device, in whichever namespace. */
export function childrenOf(c: Case, parent: Spot): Spot[] {
  return c.graph.namespaces
    .flatMap((ns) => ns.interfaces.map((dev): Spot => ({ ns, dev })))
    .filter((spot) => isMacvlan(spot.dev) && sameSpot(parentSpot(c.graph, spot), parent))
}

/** `node1/ns1 mac1` */
export function spotText(spot: Spot): string {
  return `${spot.ns.id} ${spot.dev.name}`
}

export function sameSpot(a: Spot | undefined, b: Spot | undefined): boolean {
  return a !== undefined && b !== undefined && a.ns.id === b.ns.id && a.dev.name === b.dev.name
}

/** What travels to the target. */
export const forthKinds: readonly SightingKind[] = ['solicit', 'request']
const backKinds: readonly SightingKind[] = ['advert', 'reply']
/** What the target's stack sends towards the source: answers, and questions for its next hop back. */
export const homewardKinds: readonly SightingKind[] = ['advert', 'reply', 'return-solicit']

/** Whether frames that travel to the target (or its resolution) were seen at a spot. */
export function seenForth(c: Case, spot: Spot, direction: 'in' | 'out'): boolean {
  return seen(c, spot, direction, forthKinds)
}

/** Whether answers to the source were seen at a spot. */
export function seenBack(c: Case, spot: Spot, direction: 'in' | 'out'): boolean {
  return seen(c, spot, direction, backKinds)
}

/** Whether what the target sent towards the source, questions for the way back included, was seen at a spot. */
export function seenHomeward(c: Case, spot: Spot, direction: 'in' | 'out'): boolean {
  return seen(c, spot, direction, homewardKinds)
}

function seen(c: Case, spot: Spot, direction: 'in' | 'out', kinds: readonly SightingKind[]): boolean {
  return c.evidence.sightings.some(
    (s) => s.ns === spot.ns.id && s.dev === spot.dev.name && s.direction === direction && kinds.includes(s.kind),
  )
}

/** Requests that came in at a namespace addressed to it; not those that a flooding switch or a promiscuous device showed it. */
export function requestsInto(c: Case, ns: string): Sighting[] {
  return arrivals(c, ns, ['request'])
}

/** Frames of some kinds that came in at a namespace addressed to it. */
export function arrivals(c: Case, ns: string, kinds: readonly SightingKind[]): Sighting[] {
  return c.evidence.sightings.filter(
    (s) => s.ns === ns && kinds.includes(s.kind) && s.direction === 'in' && s.forOther !== true,
  )
}

/** Whether a namespace's own stack sent frames of some kinds. */
export function sentBy(c: Case, ns: string, kinds: readonly SightingKind[]): boolean {
  return c.evidence.sightings.some((s) => s.ns === ns && kinds.includes(s.kind) && s.direction === 'out')
}

export function isMacvlan(dev: Interface): boolean {
  return dev.kind === 'macvlan' || dev.kind === 'macvtap'
}

export function isIpvlan(dev: Interface): boolean {
  return dev.kind === 'ipvlan' || dev.kind === 'ipvtap'
}

/** Mode and flag of an ipvlan child; both are its parent's, the same for all children. */
export function ipvlanMode(dev: Interface): { readonly mode: string; readonly flag: string } {
  const [mode = '', flag = 'bridge'] = (dev.mode ?? '').split(' ')
  return { mode, flag }
}

/** Whether an address is that of an ipvlan child of a device: the driver takes what comes in for it before the stack does. */
export function isOfIpvlanChild(graph: Graph, parent: Spot, address: string): boolean {
  return graph.namespaces.some((ns) =>
    ns.interfaces.some(
      (dev) =>
        isIpvlan(dev) && dev.addresses.some((a) => a.address === address) && sameSpot(parentOf(graph, dev), parent),
    ),
  )
}

/** Broadcast and multicast addresses have the lowest bit of the first byte set. */
export function isGroupMac(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 1) === 1
}

export function isAt(s: Sighting, spot: Spot): boolean {
  return s.ns === spot.ns.id && s.dev === spot.dev.name
}

/** Both ends as macvlan children of one parent that send to each other directly. */
export function siblings(c: Case): { source: Spot; owner: Spot; parent: Spot } | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined || !isMacvlan(source.dev) || !isMacvlan(owner.dev)) return undefined
  if (!isDirect(c, source, owner)) return undefined
  const parent = parentSpot(c.graph, source)
  return parent && sameSpot(parent, parentSpot(c.graph, owner)) ? { source, owner, parent } : undefined
}

/** Whether one end sends to the other without a router between: it resolves the other's own address. */
export function isDirect(c: Case, sender: Spot, listener: Spot): boolean {
  const { address, family } = c.evidence.probe
  const aims = sameSpot(listener, c.ownerSpot)
    ? [address]
    : listener.dev.addresses.flatMap((a) => (a.family === family ? a.address : []))
  return aims.some((aim) => nextHop(c.graph, sender.ns.id, aim) === aim)
}

/**
 * Whether the switch sends a device's frames back to where they came from: then, that one has not come back says only that it has
 * not come back yet.
 */
export function isReflected(c: Case, spot: Spot): boolean {
  for (let below: Spot | undefined = spot, depth = 0; below !== undefined && depth < 4; depth++) {
    const { hairpin, state } = below.dev.port ?? {}
    if (below.ns.role === 'wire') return hairpin === true && state === 'forwarding'
    below = parentSpot(c.graph, below)
  }
  return false
}

/** The switch port (a bridge port in a wire's namespace) that a device is plugged into. */
export function switchPort(c: Case, spot: Spot): Spot | undefined {
  const peer = parentSpot(c.graph, spot) // the other end of a veth is its `link` as well
  return peer?.ns.role === 'wire' && peer.dev.port !== undefined ? peer : undefined
}
