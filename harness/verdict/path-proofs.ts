import type { NeighbourState, Sighting } from '../model/evidence.ts'
import { routeTo } from '../model/egress.ts'
import { findNamespace, holderOf, ownerOf, type Namespace } from '../model/graph.ts'
import {
  childrenOf,
  isOfIpvlanChild,
  isOnSubnet,
  parentSpot,
  requestsInto,
  sameSpot,
  sentBy,
  spotText,
  type Case,
  type Proof,
  type Spot,
} from './case.ts'

/** What `ip route get` says where no route matches, and not for a route that refuses (blackhole, prohibit, unreachable). */
const noRouteText = /network is unreachable/i

/**
 * A device on the way is down, or has no carrier because what it sits on is down. The lowest one is named. At the source it
 * keeps everything in; at the target the frames must have come up to it.
 */
export function linkDown(c: Case): Proof | undefined {
  const dead = deadAtSource(c) ?? deadAtTarget(c) ?? deadAtRouter(c)
  if (dead === undefined) return undefined
  const passed = c.evidence.sightings.some((s) => s.ns === dead.ns.id && s.dev === dead.dev.name)
  if (passed) return undefined
  const state = dead.dev.up ? `has no carrier (${dead.dev.operstate})` : 'is down'
  const because = `${spotText(dead)} ${state}, and no frame of the probe was seen on it`
  return { reason: 'link-down', at: spotText(dead), because }
}

/** The device by which the source would send is dead, and no other sent anything. */
function deadAtSource(c: Case): Spot | undefined {
  const dead = lowestDead(c, c.sourceSpot)
  if (dead === undefined || c.sourceSpot === undefined) return undefined
  // A child hands broadcasts to its siblings even while their parent is down; nothing else passes (dev_forward_skb).
  const isBelow = !sameSpot(dead, c.sourceSpot)
  return isBelow || !sentBy(c, c.sourceSpot.ns.id, ['solicit', 'request']) ? dead : undefined
}

/** The target's device is dead, and the frames were seen in the namespace of what it is plugged into. */
function deadAtTarget(c: Case): Spot | undefined {
  const dead = lowestDead(c, c.ownerSpot)
  if (dead === undefined || c.ownerSpot === undefined) return undefined
  // A stack takes what is for any of its addresses by any device.
  if (c.ownerSpot.dev.up && requestsInto(c, c.ownerSpot.ns.id).length > 0) return undefined
  const next: Spot[] = []
  for (let spot = parentSpot(c.graph, c.ownerSpot); spot !== undefined && next.length < 3;) {
    next.push(spot)
    spot = spot.ns.role === 'wire' ? undefined : parentSpot(c.graph, spot)
  }
  const cameNear = c.evidence.sightings.some(
    (s) => (s.kind === 'solicit' || s.kind === 'request') && next.some((spot) => spot.ns.id === s.ns),
  )
  return cameNear ? dead : undefined
}

/** A router says that it has no route, and its device on the target's subnet is dead: the route went with the device. */
function deadAtRouter(c: Case): Spot | undefined {
  const router = netUnreachable(c)?.router
  const dev = router?.interfaces.find((i) => isOnSubnet(i, c.evidence.probe.address))
  return router && dev ? lowestDead(c, { ns: router, dev }) : undefined
}

/** The lowest dead device among a device, what it sits on, and the switch port of that. */
function lowestDead(c: Case, top: Spot | undefined): Spot | undefined {
  const chain: Spot[] = []
  for (let spot = top; spot !== undefined && chain.length < 3;) {
    chain.push(spot)
    spot = spot.ns.role === 'wire' ? undefined : parentSpot(c.graph, spot)
  }
  const isDead = ({ dev }: Spot): boolean => !dev.up || dev.operstate === 'DOWN' || dev.operstate === 'LOWERLAYERDOWN'
  return chain.findLast((spot) => !spot.dev.up) ?? chain.findLast(isDead)
}

/** A stack on the way has no route towards the target: its errno or its ICMP error says so, and so does a look-up. */
export function noRoute(c: Case): Proof | undefined {
  const { outcome, probe, findings } = c.evidence
  const lacks = (ns: string): boolean =>
    routeTo(c.graph, ns, probe.address) === undefined &&
    findings.routes?.some((r) => r.ns === ns && r.to === probe.address && noRouteText.test(r.error ?? '')) === true
  if (outcome.kind === 'errno' && outcome.errno === 'ENETUNREACH') {
    if (!lacks(probe.from) || deadAtSource(c) !== undefined) return undefined
    const because = `the stack of ${probe.from} has no route to ${probe.address} (ENETUNREACH: ${outcome.text})`
    return { reason: 'no-route', at: probe.from, because }
  }
  const { router, error } = netUnreachable(c) ?? {}
  if (router === undefined || error === undefined || !lacks(router.id) || deadAtRouter(c) !== undefined)
    return undefined
  const because = `${router.id} answered "${error.text}": it has no route to ${probe.address}`
  return { reason: 'no-route', at: router.id, because }
}

function netUnreachable(c: Case) {
  const error = c.evidence.sightings.find((s) => s.error?.name === 'net-unreachable' && s.direction === 'out')
  const router = error?.error && ownerOf(c.graph, error.error.by)?.ns
  if (error === undefined || router?.id !== error.ns || router.id === c.evidence.probe.from) return undefined
  return { error, router }
}

/** The request arrived, and the target's stack has no route by which to answer. */
export function noReturnRoute(c: Case): Proof | undefined {
  const back = missingWayBack(c)
  // A filter that nobody could watch may have kept the request from ever needing the way back.
  if (back === undefined || c.evidence.findings.netfilter === undefined) return undefined
  const { owner, to, error } = back
  const because = `the request came in at ${owner}, which has no route back to ${to} (${error})`
  return { reason: 'no-return-route', at: owner, because }
}

/** The look-up that found no route back from where the request had come in. */
export function missingWayBack(c: Case): { owner: string; to: string; error: string } | undefined {
  const { probe, findings } = c.evidence
  const owner = c.ownerSpot?.ns.id
  if (owner === undefined || owner === probe.from || requestsInto(c, owner).length === 0) return undefined
  if (sentBy(c, owner, ['reply', 'reset', 'return-solicit'])) return undefined
  const found = findings.routes?.find(
    (r) => r.ns === owner && r.to !== probe.address && noRouteText.test(r.error ?? ''),
  )
  if (found?.error === undefined || routeTo(c.graph, owner, found.to) !== undefined) return undefined
  return { owner, to: found.to, error: found.error }
}

/** A stack between the ends took the packet in, is told not to forward, and sent nothing on. */
export function forwardingOff(c: Case): Proof | undefined {
  const { probe, sightings, findings } = c.evidence
  if (findings.netfilter === undefined) return undefined // a filter that nobody could watch may have been first
  for (const s of sightings) {
    if ((s.kind !== 'request' && s.kind !== 'reply') || s.direction !== 'in' || s.forOther === true) continue
    const ns = c.graph.namespaces.find((n) => n.id === s.ns)
    if (ns === undefined || ns.role === 'wire' || ns.id === c.ownerSpot?.ns.id || ns.id === probe.from) continue
    const switches =
      probe.family === 4
        ? ['net.ipv4.ip_forward', `net.ipv4.conf.${s.dev}.forwarding`]
        : ['net.ipv6.conf.all.forwarding', `net.ipv6.conf.${s.dev}.force_forwarding`]
    if (switches.some((name) => ns.sysctls[name] === '1') || sentBy(c, ns.id, [s.kind])) continue
    const dev = ns.interfaces.find((i) => i.name === s.dev && i.mac === s.targetMac)
    if (dev === undefined || takesOver(c, { ns, dev }) || isAtHome(c, ns, s.kind)) continue
    if (endsTowards(c, s.kind).some((end) => isOfIpvlanChild(c.graph, { ns, dev }, end))) continue
    const because = `${ns.id} took the packet in by ${s.dev} and did not send it on: ${switches[0] ?? ''} is 0`
    return { reason: 'forwarding-off', at: ns.id, because }
  }
  return undefined
}

/** A second holder of the address keeps what is sent there: it is not to be forwarded. */
function isAtHome(c: Case, ns: Namespace, kind: 'request' | 'reply'): boolean {
  return endsTowards(c, kind).some((end) => holderOf(ns, end) !== undefined)
}

/** Addresses that a request, or a reply, may be for. */
function endsTowards(c: Case, kind: 'request' | 'reply'): readonly string[] {
  if (kind === 'request') return [c.evidence.probe.address]
  return c.source?.interfaces.flatMap((i) => i.addresses.map((a) => a.address)) ?? []
}

/**
 * A passthru child has its parent's MAC address and gets what is meant for the parent's stack: that one does not get it, and that
 * one's packets are not the child's to forward.
 */
function takesOver(c: Case, spot: Spot): boolean {
  const isPassthru = ({ dev }: Spot): boolean => dev.mode?.startsWith('passthru') === true
  const parent = parentSpot(c.graph, spot)
  if (isPassthru(spot) && [c.sourceSpot, c.ownerSpot].some((end) => sameSpot(parent, end))) return true
  return childrenOf(c, spot).some(isPassthru)
}

/** The target heard the question for its link-layer address and is told not to answer it; or nobody has the address. */
export function neighbourUnanswered(c: Case): Proof | undefined {
  const { sightings, probe } = c.evidence
  const isQuestion = ({ kind }: Sighting): boolean =>
    kind === 'solicit' || (probe.protocol.kind === 'arp' && kind === 'request')
  const asked = sightings.filter(isQuestion)
  const failed = failedResolution(c, asked)
  const asker = failed?.ns ?? probe.from
  const heard = asked.find((s) => s.ns !== asker && s.direction === 'in')
  const isOver = failed !== undefined || probe.protocol.kind === 'arp'
  if (!isOver || heard === undefined || !asked.some((s) => s.ns === asker && s.direction === 'out')) return undefined
  if (sentBy(c, asker, ['request']) && probe.protocol.kind !== 'arp') return undefined
  const sought = failed?.address ?? probe.address
  const owner = sought === probe.address ? (c.ownerSpot ?? ownerOf(c.graph, sought)) : ownerOf(c.graph, sought)
  if (owner === undefined) {
    const because = `${heard.text} was heard on the wire, and nobody in the lab has ${sought}`
    const wire = asked.find((s) => s.direction === 'in' && findNamespace(c.graph, s.ns)?.role === 'wire')
    return { reason: 'neighbour-unanswered', at: (wire ?? heard).ns, because }
  }
  if (sentBy(c, owner.ns.id, ['advert', 'reply'])) return undefined
  const devices = asked.flatMap((s) =>
    s.ns === owner.ns.id && s.direction === 'in' && s.forOther !== true ? s.dev : [],
  )
  // Each device that heard it may answer for an address of the stack, whichever that sits on (ip-sysctl.rst, arp_ignore 0).
  const mutes = devices.map((dev) => muteness(c, owner, dev))
  const [mute] = mutes
  if (mute === undefined || mutes.includes(undefined)) return undefined
  const at = owner.dev.kind === 'loopback' ? `${owner.ns.id} ${devices[0] ?? ''}` : spotText(owner)
  const because = `${at} heard the question for ${sought} and did not answer: ${mute}`
  return { reason: 'neighbour-unanswered', at, because }
}

/** The stack that gave up resolving: the source's, or that of the last router before the target. */
function failedResolution(c: Case, asked: readonly Sighting[]): NeighbourState | undefined {
  const failed = c.evidence.neighbours.filter((n) => n.state === 'FAILED')
  const forth = failed.filter((n) => n.address === c.evidence.probe.address || n.ns === c.evidence.probe.from)
  return forth.find((n) => asked.some((s) => s.ns === n.ns && s.dev === n.dev && s.direction === 'out'))
}

/** Why a stack keeps silent on a question (ip-sysctl.rst, arp_ignore); undefined when it should have answered. */
function muteness(c: Case, owner: Spot, dev: string): string | undefined {
  // While no process has the tap open the stack gets its frames (drivers/net/tap.c, tap_handle_frame).
  if (owner.dev.kind === 'macvtap' && c.evidence.findings.tapOpen === true)
    return 'the device is a macvtap, and a process has its tap open'
  if (c.evidence.probe.family === 6) return undefined
  if (owner.ns.interfaces.some((i) => i.name === dev && i.flags.includes('NOARP'))) return `${dev} is NOARP`
  const levels = ['all', dev].map((name) => `net.ipv4.conf.${name}.arp_ignore`)
  const strictest = levels.sort((a, b) => level(owner, b) - level(owner, a))[0] ?? ''
  const ignores = level(owner, strictest)
  const elsewhere = dev !== owner.dev.name && (ignores === 1 || ignores === 2)
  if (ignores === 8) return `${strictest} is 8`
  return elsewhere ? `${strictest} is ${String(ignores)}, and the address is on ${owner.dev.name}` : undefined
}

const level = (owner: Spot, name: string): number => Number(owner.ns.sysctls[name] ?? 0)
