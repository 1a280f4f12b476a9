import { ownFrame } from '../model/answer.ts'
import type { Sighting } from '../model/evidence.ts'
import { egress } from '../model/egress.ts'
import { holderOf, ownerOf } from '../model/graph.ts'
import { arrivals, spotText, type Case, type Proof } from './case.ts'
import { missingWayBack } from './route-proofs.ts'

/** A netfilter rule or policy dropped or rejected the probe, named by the kernel's own trace. */
export function netfilterDrop(c: Case): Proof | undefined {
  const found = c.evidence.findings.netfilter?.[0]
  if (found === undefined) return undefined
  const because = `netfilter in ${found.ns} ${found.verdict === 'drop' ? 'dropped' : 'rejected'} it by "${found.rule}"`
  return { reason: 'netfilter-drop', at: found.ns, because }
}

/**
 * The packet came in by another device than the one that leads back to its source, and rp_filter refused it (RFC 3704).
 * Where no route leads back at all the counter rises as well, and that is the reason.
 */
export function reversePathFilter(c: Case): Proof | undefined {
  const { findings } = c.evidence
  const counted = findings.counters?.find((n) => n.name === 'IPReversePathFilter')
  if (counted === undefined || missingWayBack(c) !== undefined) return undefined
  const refused = refusedSource(c, counted.ns)
  if (refused === undefined) return undefined
  const came = arrivals(c, counted.ns, ['request', 'reply'])
  const arrived = came.find(({ dev }) => dev === refused.iif) ?? came[0]
  if (arrived === undefined) return undefined
  const because = `the packet came in at ${counted.ns} ${arrived.dev}, its stack counted ${String(counted.delta)} IPReversePathFilter when it was repeated and refuses the source ${refused.from} there (${refused.error})`
  return { reason: 'reverse-path-filter', at: `${counted.ns} ${arrived.dev}`, because }
}

/** The look-up on behalf of the probe's packet that the stack refuses for its source, and not for where it goes. */
function refusedSource(c: Case, ns: string): { from: string; iif: string; error: string } | undefined {
  const asked = c.evidence.findings.routes?.filter((r) => r.ns === ns) ?? []
  const stack = c.graph.namespaces.find(({ id }) => id === ns)
  for (const { to, from, iif, error } of asked) {
    if (from === undefined || iif === undefined || error === undefined || !refusal.test(error)) continue
    const isOwn = stack !== undefined && holderOf(stack, from) !== undefined // is refused in any case
    if (isOwn || asked.some((r) => r.to === to && r.iif === undefined && refusal.test(r.error ?? ''))) continue
    return { from, iif, error }
  }
  return undefined
}

/** EXDEV, and what kernels from 6.13 on make of it in the answer to a look-up (inet_rtm_getroute). */
const refusal = /cross-device link|invalid argument/i

/** The target's own stack refused: nothing listens on the port. A rule that rejects sounds the same, so all rules must be known not to. */
export function noListener(c: Case): Proof | undefined {
  const { probe, sightings, findings } = c.evidence
  const owner = c.ownerSpot
  if (owner === undefined || !('port' in probe.protocol) || findings.listening !== false) return undefined
  const isRefusal = (s: Sighting): boolean => s.kind === 'reset' || s.error?.name === 'port-unreachable'
  // What refuses behind a published port is another's stack: its refusal came in before it went out, with another source.
  // One's own comes in as well where a device shows what its other end sent: lo, a bridge's port, the parent of a child.
  const isAnothers = sightings.some((s, i) => {
    const isOwn = (o: Sighting): boolean => o.ns === s.ns && o.direction === 'out' && o.text === s.text
    return isRefusal(s) && s.ns === owner.ns.id && s.direction === 'in' && !sightings.slice(0, i).some(isOwn)
  })
  const refusal = ownFrame(c.graph, sightings.filter(isRefusal), owner.ns.id, ['reset', 'error'])
  if (refusal === undefined || isAnothers || findings.netfilter?.length !== 0) return undefined
  const because = `${owner.ns.id} answered "${refusal.text}", and no socket there listens on port ${String(probe.protocol.port)}`
  return { reason: 'no-listener', at: spotText(owner), because }
}

/** Bytes of headers before an echo request's payload. */
const echoHeaders = { 4: 28, 6: 48 } as const

/** The packet is larger than a link takes and must not be fragmented. */
export function mtuExceeded(c: Case): Proof | undefined {
  const { outcome, sightings, probe } = c.evidence
  const error = sightings.find((s) => s.error?.name === 'too-big' && s.direction === 'out')
  const router = error?.error && ownerOf(c.graph, error.error.by)?.ns
  if (error !== undefined && router?.id === error.ns) {
    return { reason: 'mtu-exceeded', at: router.id, because: `${router.id} answered "${error.text}"` }
  }
  if (outcome.kind !== 'errno' || outcome.errno !== 'EMSGSIZE' || probe.protocol.kind !== 'icmp') return undefined
  const dev = egress(c.graph, probe.from, probe.address)
  const size = (probe.protocol.size ?? 56) + echoHeaders[probe.family]
  if (dev === undefined || size <= dev.mtu) return undefined
  const because = `the stack of ${probe.from} refused ${String(size)} bytes by ${dev.name}, whose MTU is ${String(dev.mtu)}: ${outcome.text}`
  return { reason: 'mtu-exceeded', at: `${probe.from} ${dev.name}`, because }
}
