import type { Sighting, SightingKind } from './evidence.ts'
import { findNamespace, holderOf, parentOf, type Graph, type Interface } from './graph.ts'
import type { ProbeSpec } from './probe.ts'

/**
 * Why a reply that the prober got is not known to be the target's. A prober's word is not enough: `ping` takes an answer
 * from any address, and two namespaces may have the one that was asked.
 *
 * @returns what is lacking, as the end of a sentence; undefined when the captures show the request coming in where the
 *   address lives, that namespace's own stack answering, and the answer coming back from the address that was asked
 * @example
 * doubtOfReply(evidence.probe, evidence.sightings, graph) // 'it came from 10.0.0.77'
 */
export function doubtOfReply(
  { from, owner, address }: ProbeSpec,
  sightings: readonly Sighting[],
  graph: Graph,
): string | undefined {
  if (owner === undefined) return `nobody in the lab has ${address}`
  const target = findNamespace(graph, owner)
  const asked = sightings.filter((s) => s.kind === 'request' && s.ns === from && s.direction === 'out')
  const source = findNamespace(graph, from)?.interfaces.find((i) => i.name === asked[0]?.dev)
  if (cameTo(graph, sightings, 'request', owner, target && holderOf(target, address)).length === 0)
    return `the request was not seen arriving in ${owner}, which has ${address}`
  const sent = sightings.filter((s) => s.kind === 'reply' && s.ns === owner && s.direction === 'out')
  if (sent.length === 0) return `${owner}, which has ${address}, was not seen sending it`
  if (ownFrame(graph, sightings, owner, ['reply']) === undefined)
    return `${owner}, which has ${address}, only passed it on: ${firstSender(sightings, sent)} sent it`
  const came = cameTo(graph, sightings, 'reply', from, source)
  if (came.length === 0) return `it was not seen coming in at ${from}`
  // What the source itself translated, it translates back behind its taps.
  if (came.some((s) => asked.some((request) => request.instead === s.instead))) return undefined
  return `it came from ${came[0]?.instead ?? address}`
}

/**
 * A frame of some kinds that a namespace's own stack sent, not one that it only passed on: from a child that another
 * namespace has on its device (a passthru or ipvlan child shares the MAC address, and may share the IP address), or from one
 * device to another.
 */
export function ownFrame(
  graph: Graph,
  sightings: readonly Sighting[],
  ns: string,
  kinds: readonly SightingKind[],
): Sighting | undefined {
  return sightings.find(
    (s) => s.ns === ns && s.direction === 'out' && kinds.includes(s.kind) && isOwn(graph, sightings, s),
  )
}

function isOwn(graph: Graph, sightings: readonly Sighting[], { ns, text }: Sighting): boolean {
  const same = sightings.filter((s) => s.text === text)
  const brought = same.filter((s) => (s.ns === ns ? s.direction === 'in' : isOfChild(graph, s, ns)))
  const first = same.find((s) => s.ns === ns || brought.includes(s))
  if (first !== undefined && !brought.includes(first)) return true
  // A child and its parent's stack may both answer one broadcast, in the same words.
  const left = same.filter((s) => s.ns === ns && s.direction === 'out')
  return left.some(({ dev }) => left.filter((s) => s.dev === dev).length > brought.length)
}

/** Pairs, whose `link` is the other end and not a parent. */
const pairs: readonly string[] = ['veth', 'netkit', 'vxcan']

/** Whether a child of one of a namespace's devices, in another namespace, sent a frame. */
function isOfChild(graph: Graph, s: Sighting, ns: string): boolean {
  const dev = findNamespace(graph, s.ns)?.interfaces.find((i) => i.name === s.dev)
  return s.direction === 'out' && dev !== undefined && !pairs.includes(dev.kind) && parentOf(graph, dev)?.ns.id === ns
}

function firstSender(sightings: readonly Sighting[], sent: readonly Sighting[]): string {
  return sightings.find((s) => s.direction === 'out' && sent.some(({ text }) => text === s.text))?.ns ?? 'another'
}

/**
 * Frames of a kind that came to a namespace, addressed to it. Those for an l3s child are last seen at its parent: they pass
 * the parent's stack, which hands them over behind its INPUT hook, past the child's own taps (drivers/net/ipvlan/ipvlan_l3s.c,
 * ipvlan_nf_input).
 */
function cameTo(
  graph: Graph,
  sightings: readonly Sighting[],
  kind: SightingKind,
  ns: string,
  dev: Interface | undefined,
): Sighting[] {
  const isL3s = dev !== undefined && /^ipv(lan|tap)$/.test(dev.kind) && dev.mode?.split(' ')[0] === 'l3s'
  const parent = isL3s ? parentOf(graph, dev) : undefined
  const isThere = (s: Sighting): boolean => s.ns === ns || (s.ns === parent?.ns.id && s.dev === parent.dev.name)
  return sightings.filter((s) => s.kind === kind && s.direction === 'in' && s.forOther !== true && isThere(s))
}
