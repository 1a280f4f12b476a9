import { ownerOf } from '../model/graph.ts'
import { parentSpot, requestsInto, spotText, type Case, type Proof, type Spot } from './case.ts'

/** A device on the way is down, or has no carrier because what it sits on is down. The lowest one is named. */
export function linkDown(c: Case): Proof | undefined {
  const dead = deadDevice(c)
  if (dead === undefined) return undefined
  const { sightings, outcome } = c.evidence
  const passed = sightings.some((s) => s.ns === dead.ns.id && s.dev === dead.dev.name)
  if (passed || outcome.kind === 'reply') return undefined
  const state = dead.dev.up ? `has no carrier (${dead.dev.operstate})` : 'is down'
  const because = `${spotText(dead)} ${state}, and no frame of the probe was seen on it`
  return { reason: 'link-down', at: spotText(dead), because }
}

function deadDevice(c: Case): Spot | undefined {
  const ends = [c.sourceSpot, c.ownerSpot].filter((spot) => spot !== undefined)
  for (const end of ends) {
    const below = parentSpot(c.graph, end)
    for (const spot of [below, end]) {
      if (spot !== undefined && (!spot.dev.up || spot.dev.operstate === 'DOWN' || spot.dev.operstate === 'LOWERLAYERDOWN')) {
        return lowestDown(c, spot)
      }
    }
  }
  return undefined
}

function lowestDown(c: Case, spot: Spot): Spot {
  if (!spot.dev.up) return spot
  const below = parentSpot(c.graph, spot)
  return below !== undefined && !below.dev.up ? below : spot
}

/** A stack on the way has no route towards the target: its errno or its ICMP error says so. */
export function noRoute(c: Case): Proof | undefined {
  const { outcome, probe, findings, sightings } = c.evidence
  if (outcome.kind === 'errno' && outcome.errno === 'ENETUNREACH' && deadDevice(c) === undefined) {
    const looked = findings.routes?.find((r) => r.ns === probe.from && r.to === probe.address)
    if (looked === undefined || looked.error !== undefined) {
      const because = `the stack of ${probe.from} has no route to ${probe.address} (ENETUNREACH: ${outcome.text})`
      return { reason: 'no-route', at: probe.from, because }
    }
  }
  const error = sightings.find((s) => s.error?.name === 'net-unreachable' && s.direction === 'out')
  const router = error?.error && ownerOf(c.graph, error.error.by)?.ns
  if (error === undefined || router === undefined || router.id === probe.from) return undefined
  const looked = findings.routes?.find((r) => r.ns === router.id && r.to === probe.address)
  if (looked?.error === undefined) return undefined
  return { reason: 'no-route', at: router.id, because: `${router.id} answered "${error.text}": it has no route to ${probe.address}` }
}

/** The request arrived, and the target's stack has no route by which to answer. */
export function noReturnRoute(c: Case): Proof | undefined {
  const { probe, findings, sightings } = c.evidence
  const owner = c.ownerSpot?.ns.id
  if (owner === undefined || requestsInto(c, owner).length === 0) return undefined
  if (sightings.some((s) => s.kind === 'reply' && s.ns === owner && s.direction === 'out')) return undefined
  const back = findings.routes?.find((r) => r.ns === owner && r.to !== probe.address && r.error !== undefined)
  if (back === undefined) return undefined
  const because = `the request came in at ${owner}, which has no route back to ${back.to} (${back.error ?? ''})`
  return { reason: 'no-return-route', at: owner, because }
}

/** A stack between the ends took the packet in, is told not to forward, and sent nothing on. */
export function forwardingOff(c: Case): Proof | undefined {
  const { probe, sightings } = c.evidence
  for (const s of sightings) {
    if (s.kind !== 'request' || s.direction !== 'in' || s.forOther === true) continue
    const ns = c.graph.namespaces.find((n) => n.id === s.ns)
    if (ns === undefined || ns.role === 'wire' || ns.id === c.ownerSpot?.ns.id || ns.id === probe.from) continue
    const name = probe.family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
    if (ns.sysctls[name] === '1' || sightings.some((o) => o.kind === 'request' && o.ns === ns.id && o.direction === 'out')) continue
    const isForDevice = ns.interfaces.some((i) => i.name === s.dev && i.mac === s.targetMac)
    if (!isForDevice) continue
    return {
      reason: 'forwarding-off',
      at: ns.id,
      because: `${ns.id} took the packet in by ${s.dev} and did not send it on: ${name} is 0`,
    }
  }
  return undefined
}

/** The target heard the question for its link-layer address and is told not to answer it; or nobody has the address. */
export function neighbourUnanswered(c: Case): Proof | undefined {
  const { sightings, neighbours, probe } = c.evidence
  const asked = sightings.filter((s) => s.kind === 'solicit' || (probe.protocol.kind === 'arp' && s.kind === 'request'))
  const sent = asked.find((s) => s.ns === probe.from && s.direction === 'out')
  const heard = asked.find((s) => s.ns !== probe.from && s.direction === 'in')
  if (asked.length === 0 || heard === undefined || sightings.some((s) => s.kind === 'advert' || s.kind === 'reply')) return undefined
  const failed = neighbours.find((n) => n.ns === probe.from && n.state === 'FAILED')
  if (failed === undefined && probe.protocol.kind !== 'arp') return undefined
  const sought = failed?.address ?? probe.address
  const owner = ownerOf(c.graph, sought)
  if (owner === undefined) {
    const because = `${sent?.text ?? asked[0]?.text ?? ''} was heard on the wire, and nobody in the lab has ${sought}`
    return { reason: 'neighbour-unanswered', at: heard.ns, because }
  }
  const reachedOwner = asked.some((s) => s.ns === owner.ns.id && s.dev === owner.dev.name && s.direction === 'in')
  const mute = muteness(owner)
  if (!reachedOwner || mute === undefined) return undefined
  const because = `${spotText(owner)} heard the question for ${sought} and did not answer: ${mute}`
  return { reason: 'neighbour-unanswered', at: spotText(owner), because }
}

function muteness(owner: Spot): string | undefined {
  if (owner.dev.flags.includes('NOARP')) return 'the device is NOARP'
  const { sysctls } = owner.ns
  const level = [`net.ipv4.conf.${owner.dev.name}.arp_ignore`, 'net.ipv4.conf.all.arp_ignore'].find((name) => sysctls[name] !== undefined)
  if (level !== undefined) return `${level} is ${sysctls[level] ?? ''}`
  // Only while a process has the tap open; else the stack would have answered (drivers/net/tap.c, tap_handle_frame).
  if (owner.dev.kind === 'macvtap') return 'the device is a macvtap, whose frames go to the process that has its tap open'
  return undefined
}
