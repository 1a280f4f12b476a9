import { holderOf, type Namespace } from '../model/graph.ts'
import type { Family } from '../model/probe.ts'
import { childrenOf, isOfIpvlanChild, parentSpot, sameSpot, sentBy, type Case, type Proof, type Spot } from './case.ts'

/** A stack between the ends took the packet in, is told not to forward, and sent nothing on. */
export function forwardingOff(c: Case): Proof | undefined {
  const { probe, sightings, findings } = c.evidence
  if (findings.netfilter === undefined) return undefined // a filter that nobody could watch may have been first
  for (const s of sightings) {
    if ((s.kind !== 'request' && s.kind !== 'reply') || s.direction !== 'in' || s.forOther === true) continue
    const ns = c.graph.namespaces.find((n) => n.id === s.ns)
    if (ns === undefined || ns.role === 'wire' || ns.id === c.ownerSpot?.ns.id || ns.id === probe.from) continue
    const switches = forwardingSwitches(probe.family, s.dev)
    if (switches.some((name) => ns.sysctls[name] === '1') || sentBy(c, ns.id, [s.kind])) continue
    const dev = ns.interfaces.find((i) => i.name === s.dev && i.mac === s.targetMac)
    const ends = s.kind === 'request' ? [s.instead ?? probe.address] : sourceAddresses(c)
    if (dev === undefined || takesOver(c, { ns, dev }) || isAtHome(ns, ends)) continue
    if (ends.some((end) => isOfIpvlanChild(c.graph, { ns, dev }, end))) continue
    const because = `${ns.id} took the packet in by ${s.dev} and did not send it on: ${switches[0] ?? ''} is 0`
    return { reason: 'forwarding-off', at: ns.id, because }
  }
  return undefined
}

/** The sysctls of which one lets a stack send on what comes in by a device (ip-sysctl.rst). */
export function forwardingSwitches(family: Family, dev: string): readonly string[] {
  return family === 4
    ? ['net.ipv4.ip_forward', `net.ipv4.conf.${dev}.forwarding`]
    : ['net.ipv6.conf.all.forwarding', `net.ipv6.conf.${dev}.force_forwarding`]
}

/** What holds the address keeps what is sent there (a second holder, or one that a router translated to): it is not to be forwarded. */
function isAtHome(ns: Namespace, ends: readonly string[]): boolean {
  return ends.some((end) => holderOf(ns, end) !== undefined)
}

/** Addresses that a reply may be for. */
function sourceAddresses(c: Case): readonly string[] {
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
