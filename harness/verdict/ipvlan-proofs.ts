import type { Sighting, SightingKind } from '../model/evidence.ts'
import { egress, nextHop } from '../model/egress.ts'
import { holderOf } from '../model/graph.ts'
import { isAimedAt } from './aimed-at.ts'
import {
  forthKinds,
  homewardKinds,
  ipvlanMode,
  isAt,
  isGroupMac,
  isIpvlan,
  isReflected,
  parentSpot,
  sameSpot,
  spotText,
  switchPort,
  type Case,
  type Proof,
  type Spot,
} from './case.ts'

/** One end of the probe that is an ipvlan child, and what travels from it and to it. */
interface Child {
  readonly spot: Spot
  /** Namespace of the other end. */
  readonly other: string | undefined
  readonly parent: Spot
  readonly sends: readonly SightingKind[]
  readonly hears: readonly SightingKind[]
  /** Addresses of the other end, and its own, that the probe is about. */
  readonly others: readonly string[]
  readonly own: readonly string[]
}

/**
 * What an ipvlan child and the stack that owns its parent do not hear of each other. A child's broadcasts go to its siblings
 * and out to the wire; only unicast for an address that no child has comes up to the parent (ipvlan_process_multicast and
 * ipvlan_xmit_mode_l2 in drivers/net/ipvlan/ipvlan_core.c). What the parent's own stack sends by it, ipvlan does not even
 * see: it hooks into what the parent receives.
 */
export function ipvlanParentIsolation(c: Case): Proof | undefined {
  for (const child of childrenAtEnds(c)) {
    if (!child.parent.dev.up || isReflected(c, child.parent)) continue
    const because = unheardByParent(c, child) ?? unheardByChild(c, child)
    if (because !== undefined) return { reason: 'ipvlan-parent-isolation', at: spotText(child.parent), because }
  }
  return undefined
}

function childrenAtEnds(c: Case): Child[] {
  const { sourceSpot: source, ownerSpot: owner } = c
  const { address, family } = c.evidence.probe
  const addressesOf = (spot: Spot | undefined): string[] =>
    spot?.ns.interfaces.flatMap((i) => i.addresses.flatMap((a) => (a.family === family ? a.address : []))) ?? []
  const ends = [
    {
      spot: source,
      other: owner?.ns.id,
      sends: forthKinds,
      hears: homewardKinds,
      others: [address],
      own: addressesOf(source),
    },
    {
      spot: owner,
      other: c.evidence.probe.from,
      sends: homewardKinds,
      hears: forthKinds,
      others: addressesOf(source),
      own: [address],
    },
  ]
  return ends.flatMap(({ spot, ...rest }) => {
    const parent = spot && isIpvlan(spot.dev) ? parentSpot(c.graph, spot) : undefined
    return spot && parent ? [{ spot, parent, ...rest }] : []
  })
}

/** The child's next hop is an address of its parent's stack, and what it sent for it left by the parent for good. */
function unheardByParent(c: Case, { spot, parent, sends, others }: Child): string | undefined {
  const hops = others.map((address) => nextHop(c.graph, spot.ns.id, address))
  const isParentsOwn = hops.some((hop) => {
    const dev = holderOf(parent.ns, hop)
    return dev !== undefined && !sameSpot(parentSpot(c.graph, { ns: parent.ns, dev }), parent)
  })
  const { sightings } = c.evidence
  const sent = sightings.some((s) => sends.includes(s.kind) && isAt(s, spot) && s.direction === 'out')
  if (!isParentsOwn || !sent) return undefined
  const into = sightings.some((s) => sends.includes(s.kind) && s.ns === parent.ns.id && s.direction === 'in')
  const left = sightings.find(
    (s) => sends.includes(s.kind) && isAt(s, parent) && s.direction === 'out' && isAimedAt(s, parent),
  )
  if (into || left === undefined) return undefined
  return `"${left.text}" left by ${spotText(parent)}, the parent of ${spotText(spot)}, and never came in there: a parent's own stack does not hear what its ipvlan children ask by broadcast`
}

/** The parent's stack takes the child for a neighbour on the parent's wire, and what it sent there left for good. */
function unheardByChild(c: Case, child: Child): string | undefined {
  const { spot, parent, hears, own } = child
  if (!isParentsTurn(c, child)) return undefined
  const isOnLink = own.some(
    (address) =>
      nextHop(c.graph, parent.ns.id, address) === address &&
      egress(c.graph, parent.ns.id, address)?.name === parent.dev.name,
  )
  if (!isOnLink || (ipvlanMode(spot.dev).flag === 'vepa' && ipvlanSiblings(c) !== undefined)) return undefined
  const { sightings } = c.evidence
  const lost = sightings.find(
    (s) =>
      hears.includes(s.kind) &&
      isAt(s, parent) &&
      s.direction === 'out' &&
      isAimedAt(s, spot) &&
      !sightings.some((t) => isSame(s, t) && (isOfChild(c, t, parent) || (t.direction === 'in' && isAt(t, parent)))),
  )
  const heard = sightings.some((s) => hears.includes(s.kind) && s.direction === 'in' && s.ns === spot.ns.id)
  if (lost === undefined || heard) return undefined
  return `"${lost.text}", which the stack of ${parent.ns.id} sent by ${parent.dev.name}, went out to the wire and never to ${spotText(spot)}: an ipvlan child does not hear its parent's own stack`
}

/** Whether the parent's stack has a part in this probe: it is the other end, or it took a packet in by another device, to send it on. */
function isParentsTurn({ evidence }: Case, { parent, other }: Child): boolean {
  return (
    other === parent.ns.id ||
    evidence.sightings.some(
      (s) =>
        (s.kind === 'request' || s.kind === 'reply') &&
        s.ns === parent.ns.id &&
        s.dev !== parent.dev.name &&
        s.direction === 'in' &&
        s.forOther !== true,
    )
  )
}

/** Whether a frame is one that a child of the parent sent. */
function isOfChild(c: Case, s: Sighting, parent: Spot): boolean {
  const ns = c.graph.namespaces.find((n) => n.id === s.ns)
  const dev = ns?.interfaces.find((i) => i.name === s.dev)
  return s.direction === 'out' && ns !== undefined && dev !== undefined && isIpvlan(dev)
    ? sameSpot(parentSpot(c.graph, { ns, dev }), parent)
    : false
}

const isSame = (a: Sighting, b: Sighting): boolean => a.text === b.text

interface Siblings {
  readonly source: Spot
  readonly owner: Spot
  readonly parent: Spot
}

/** Both ends as ipvlan children of one parent. */
function ipvlanSiblings(c: Case): Siblings | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined || !isIpvlan(source.dev) || !isIpvlan(owner.dev)) return undefined
  const parent = parentSpot(c.graph, source)
  return parent && sameSpot(parent, parentSpot(c.graph, owner)) ? { source, owner, parent } : undefined
}

/** What one sibling sent the other, each way with the end that should have heard it. */
function sentBetween(c: Case, { source, owner }: Siblings): { sent: Sighting; to: Spot }[] {
  const ways = [
    { from: source, to: owner, kinds: forthKinds },
    { from: owner, to: source, kinds: homewardKinds },
  ]
  return ways.flatMap(({ from, to, kinds }) =>
    c.evidence.sightings.flatMap((sent) =>
      kinds.includes(sent.kind) && sent.direction === 'out' && isAt(sent, from) ? [{ sent, to }] : [],
    ),
  )
}

/**
 * With flag private the driver throws away what a child sends for the address of a sibling, an ARP answer included. In l2 a
 * broadcast passes all the same, and so the question for an address does (ipvlan_xmit_mode_l2, ipvlan_process_multicast).
 */
export function ipvlanPrivate(c: Case): Proof | undefined {
  const s = ipvlanSiblings(c)
  if (s === undefined || !s.parent.dev.up || ipvlanMode(s.source.dev).flag !== 'private') return undefined
  const unicast = sentBetween(c, s).filter(({ sent }) => !isGroupMac(sent.targetMac))
  const { sightings } = c.evidence
  const lost = unicast.find(
    ({ sent, to }) =>
      !sightings.some((t) => isSame(t, sent) && (isAt(t, s.parent) || (t.direction === 'in' && t.ns === to.ns.id))),
  )
  if (lost === undefined) return undefined
  const because = `"${lost.sent.text}" left ${lost.sent.ns} ${lost.sent.dev} and was seen neither at ${spotText(s.parent)} nor coming in at ${lost.to.ns.id}: the children of ${spotText(s.parent)} are private`
  return { reason: 'private-mode', at: spotText(s.parent), because }
}

/**
 * With flag vepa what a child sends for a sibling leaves by the parent, and it is the switch that would have to send it back.
 * In l2 the question goes by broadcast and is heard; it is the answer that stops.
 */
export function ipvlanVepa(c: Case): Proof | undefined {
  const s = ipvlanSiblings(c)
  if (s === undefined || !s.parent.dev.up || ipvlanMode(s.source.dev).flag !== 'vepa') return undefined
  const { sightings } = c.evidence
  const isRouted = ipvlanMode(s.source.dev).mode !== 'l2'
  const lost = [...forthKinds, ...homewardKinds].flatMap((kind) => {
    const to = forthKinds.includes(kind) ? s.owner : s.source
    const isLost = (t: Sighting): boolean =>
      t.kind === kind &&
      t.direction === 'out' &&
      isAt(t, s.parent) &&
      isAimedAt(t, to) &&
      (isRouted || !isGroupMac(t.targetMac))
    const came = sightings.some(
      (t) =>
        t.kind === kind && t.direction === 'in' && (isAt(t, s.parent) || t.ns === to.ns.id) && !isGroupMac(t.targetMac),
    )
    return came ? [] : sightings.filter(isLost)
  })[0]
  if (lost === undefined) return undefined
  const port = switchPort(c, s.parent)
  if (port !== undefined) {
    const { state, hairpin } = port.dev.port ?? { state: 'unknown', hairpin: false }
    const passed = (direction: 'in' | 'out'): boolean =>
      sightings.some((t) => isSame(t, lost) && isAt(t, port) && t.direction === direction)
    if (state !== 'forwarding' || hairpin || !passed('in') || passed('out')) return undefined
  }
  const because = `"${lost.text}" left ${spotText(s.parent)} for the switch${port ? `, came in at its port ${spotText(port)}` : ''} and was not sent back: with flag vepa children reach each other only through a reflecting switch port`
  return { reason: 'vepa-not-reflected', at: spotText(port ?? s.parent), because }
}

/**
 * In l3 and l3s broadcasts and multicasts are neither taken from children (ipvlan_process_outbound frees them) nor given to
 * them (ipvlan_handle_mode_l3 finds no child with such an address and leaves them to the parent's stack).
 */
export function ipvlanNoMulticast(c: Case): Proof | undefined {
  const { sightings, probe } = c.evidence
  if (probe.protocol.kind !== 'multicast' && probe.protocol.kind !== 'broadcast') return undefined
  const isRouted = (spot: Spot | undefined): spot is Spot =>
    spot !== undefined && isIpvlan(spot.dev) && ipvlanMode(spot.dev).mode !== 'l2'
  const requests = sightings.filter((s) => s.kind === 'request')
  const { sourceSpot: source, ownerSpot: owner } = c
  if (isRouted(source)) {
    const left = requests.find((s) => isAt(s, source) && s.direction === 'out' && isGroupMac(s.targetMac))
    if (left === undefined || requests.some((s) => !isAt(s, source))) return undefined
    const because = `"${left.text}" left ${spotText(source)}, which is in mode ${source.dev.mode ?? ''}, and was seen on no other device: the driver sends no multicast of such children`
    return { reason: 'l3-no-multicast', at: spotText(source), because }
  }
  const parent = parentSpot(c.graph, owner)
  if (!isRouted(owner) || parent === undefined) return undefined
  const came = requests.find((s) => isAt(s, parent) && s.direction === 'in' && isGroupMac(s.targetMac))
  if (came === undefined || requests.some((s) => s.ns === owner.ns.id && s.direction === 'in')) return undefined
  const because = `"${came.text}" came in at ${spotText(parent)} and was not given to ${spotText(owner)}: the driver gives no multicast to children in mode ${owner.dev.mode ?? ''}`
  return { reason: 'l3-no-multicast', at: spotText(parent), because }
}
