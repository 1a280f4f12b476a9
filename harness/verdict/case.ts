import type { Evidence, Sighting, SightingKind } from '../model/evidence.ts'
import { findNamespace, ownerOf, parentOf, type Graph, type Interface, type Namespace } from '../model/graph.ts'
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
  const source = findNamespace(graph, evidence.probe.from)
  const left = evidence.sightings.find((s) => s.ns === evidence.probe.from && s.direction === 'out')
  const name = left?.dev ?? deviceTowards(source, evidence)
  const dev = source?.interfaces.find((i) => i.name === name)
  return {
    evidence,
    graph,
    source,
    sourceSpot: source && dev ? { ns: source, dev } : undefined,
    ownerSpot: ownerOf(graph, evidence.probe.address),
  }
}

/** Without a sighting the device is taken that has an address of the target's family; with several, none. */
function deviceTowards(source: Namespace | undefined, evidence: Evidence): string | undefined {
  const fitting = source?.interfaces.filter(
    (i) => i.kind !== 'loopback' && i.addresses.some((a) => a.family === evidence.probe.family),
  )
  return fitting?.length === 1 ? fitting[0]?.name : undefined
}

export function parentSpot(graph: Graph, spot: Spot | undefined): Spot | undefined {
  return spot && parentOf(graph, spot.dev)
}

/** `node1/ns1 mac1` */
export function spotText(spot: Spot): string {
  return `${spot.ns.id} ${spot.dev.name}`
}

export function sameSpot(a: Spot | undefined, b: Spot | undefined): boolean {
  return a !== undefined && b !== undefined && a.ns.id === b.ns.id && a.dev.name === b.dev.name
}

const forth: readonly SightingKind[] = ['solicit', 'request']
const back: readonly SightingKind[] = ['advert', 'reply']

/** Whether frames that travel to the target (or its resolution) were seen at a spot. */
export function seenForth(c: Case, spot: Spot, direction: 'in' | 'out'): boolean {
  return seen(c, spot, direction, forth)
}

/** Whether answers to the source were seen at a spot. */
export function seenBack(c: Case, spot: Spot, direction: 'in' | 'out'): boolean {
  return seen(c, spot, direction, back)
}

function seen(c: Case, spot: Spot, direction: 'in' | 'out', kinds: readonly SightingKind[]): boolean {
  return c.evidence.sightings.some(
    (s) => s.ns === spot.ns.id && s.dev === spot.dev.name && s.direction === direction && kinds.includes(s.kind),
  )
}

/** Requests that came in at a namespace, whether or not its stack took them. */
export function requestsInto(c: Case, ns: string): Sighting[] {
  return c.evidence.sightings.filter((s) => s.ns === ns && s.kind === 'request' && s.direction === 'in')
}

export function isMacvlan(dev: Interface): boolean {
  return dev.kind === 'macvlan' || dev.kind === 'macvtap'
}

/** Both ends as macvlan children of one parent. */
export function siblings(c: Case): { source: Spot; owner: Spot; parent: Spot } | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined || !isMacvlan(source.dev) || !isMacvlan(owner.dev)) return undefined
  const parent = parentSpot(c.graph, source)
  return parent && sameSpot(parent, parentSpot(c.graph, owner)) ? { source, owner, parent } : undefined
}

/** The switch port (a bridge port in a wire's namespace) that a device is plugged into. */
export function switchPort(c: Case, spot: Spot): Spot | undefined {
  const peer = parentSpot(c.graph, spot) // the other end of a veth is its `link` as well
  return peer?.ns.role === 'wire' && peer.dev.port !== undefined ? peer : undefined
}
