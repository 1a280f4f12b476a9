import { rangeOf } from '../model/addresses.ts'
import { mainRouteTo } from '../model/egress.ts'
import type { Namespace } from '../model/graph.ts'
import { requestsInto, sentBy, type Case, type Proof } from './case.ts'
import { forwardingSwitches } from './forwarding-proofs.ts'
import { deadAtRouter, deadAtSource, netUnreachable } from './link-proofs.ts'

/** What `ip route get` says where no route matches, and not for a route that refuses (blackhole, prohibit, unreachable). */
const noRouteText = /network is unreachable/i

/**
 * What the kernel said when it was asked for a route in vain, each time that it was asked, if neither a rule nor the graph speaks
 * against it. A table other than main does not: which rule leads there the kernel knows, and it was asked.
 */
function missingRoute(c: Case, ns: string, to: string): string | undefined {
  const asked = c.evidence.findings.routes?.filter((r) => r.ns === ns && r.to === to) ?? []
  if (!asked.every((r) => noRouteText.test(r.error ?? '') && r.rule === undefined)) return undefined
  const isForPacket = asked.some((r) => r.iif !== undefined || r.vrf !== undefined)
  return isForPacket || mainRouteTo(c.graph, ns, to) === undefined ? asked[0]?.error : undefined
}

/** A stack on the way has no route towards the target: its errno or its ICMP error says so, and so does a look-up. */
export function noRoute(c: Case): Proof | undefined {
  const { outcome, probe } = c.evidence
  if (outcome.kind === 'errno' && outcome.errno === 'ENETUNREACH') {
    if (missingRoute(c, probe.from, probe.address) !== undefined) {
      if (deadAtSource(c) !== undefined) return undefined
      const because = `the stack of ${probe.from} has no route to ${probe.address} (ENETUNREACH: ${outcome.text})`
      return { reason: 'no-route', at: probe.from, because }
    }
  }
  // A socket is told of a router's error as if it were its own stack's.
  const { router, error } = netUnreachable(c) ?? {}
  if (router === undefined || error === undefined || missingRoute(c, router.id, probe.address) === undefined)
    return undefined
  if (deadAtRouter(c) !== undefined) return undefined
  const because = `${router.id} answered "${error.text}": it has no route to ${probe.address}`
  return { reason: 'no-route', at: router.id, because }
}

/** The request arrived, and the target's stack, or a router on the way back, has no route by which the answer could go. */
export function noReturnRoute(c: Case): Proof | undefined {
  // A filter that nobody could watch may have kept the request from ever needing the way back.
  if (c.evidence.findings.netfilter === undefined) return undefined
  const back = missingWayBack(c)
  if (back !== undefined) {
    const { owner, to, error } = back
    const because = `the request came in at ${owner}, which has no route back to ${to} (${error})`
    return { reason: 'no-return-route', at: owner, because }
  }
  const lost = lostOnTheWayBack(c)
  if (lost === undefined) return undefined
  const because = `"${lost.text}" came in at ${lost.router.id} ${lost.dev}, and ${lost.router.id} has no route back to ${lost.to} (${lost.error})`
  return { reason: 'no-return-route', at: lost.router.id, because }
}

/** The look-up that found no route back from where the request had come in. */
export function missingWayBack(c: Case): { owner: string; to: string; error: string } | undefined {
  const { probe, findings } = c.evidence
  const owner = c.ownerSpot?.ns.id
  if (owner === undefined || owner === probe.from || requestsInto(c, owner).length === 0) return undefined
  if (sentBy(c, owner, ['reply', 'reset', 'return-solicit'])) return undefined
  for (const { ns, to } of findings.routes ?? []) {
    if (ns !== owner || to === probe.address) continue
    // What comes in from a loopback address is thrown away unread (ip6_rcv_core): a route back would not help.
    if (rangeOf(to) === 'loopback') continue
    const error = missingRoute(c, owner, to)
    if (error !== undefined) return { owner, to, error }
  }
  return undefined
}

/** An answer that came in at a router, which may forward, found no route there, and was not sent on. */
function lostOnTheWayBack(
  c: Case,
): { router: Namespace; dev: string; text: string; to: string; error: string } | undefined {
  const { sightings, findings, probe } = c.evidence
  for (const { kind, ns, dev, direction, forOther, text } of sightings) {
    if ((kind !== 'reply' && kind !== 'reset') || direction !== 'in' || forOther === true) continue
    const router = c.graph.namespaces.find((one) => one.id === ns)
    if (router === undefined || router.role === 'wire' || ns === probe.from || ns === c.ownerSpot?.ns.id) continue
    const mayForward = forwardingSwitches(probe.family, dev).some((name) => router.sysctls[name] === '1')
    if (!mayForward || sentBy(c, ns, ['reply', 'reset', 'return-solicit'])) continue
    for (const { ns: asked, to } of findings.routes ?? []) {
      if (asked !== ns || to === probe.address) continue
      const error = missingRoute(c, ns, to)
      if (error !== undefined) return { router, dev, text, to, error }
    }
  }
  return undefined
}
