import {
  ipvlanMode,
  isAt,
  isGroupMac,
  isIpvlan,
  parentSpot,
  sentBy,
  spotText,
  type Case,
  type Proof,
  type Spot,
} from './case.ts'
import { back, failedOn, forth } from './neighbour-proofs.ts'

/**
 * A neighbour solicitation is a multicast. In l3 and l3s the driver looks for a child with a frame's target address, and leaves
 * one that goes to a group to the parent's stack, which does not have the child's address (ipvlan_handle_mode_l3 and
 * ipvlan_l3_rcv in drivers/net/ipvlan). An ARP request it does give to the child, which is NOARP.
 */
export function ipvlanUnsolicited(c: Case): Proof | undefined {
  return lostSolicitation(c, c.ownerSpot, forth) ?? lostSolicitation(c, c.sourceSpot, back)
}

function lostSolicitation(c: Case, child: Spot | undefined, way: typeof forth): Proof | undefined {
  const parent = parentSpot(c.graph, child)
  if (c.evidence.probe.family !== 6 || child === undefined || parent === undefined) return undefined
  if (!isIpvlan(child.dev) || ipvlanMode(child.dev).mode === 'l2' || !child.dev.up || !parent.dev.up) return undefined
  // The parent's stack may be set to answer in the child's place, as late as it likes (proxy_delay).
  if (['all', parent.dev.name].some((name) => parent.ns.sysctls[`net.ipv6.conf.${name}.proxy_ndp`] === '1'))
    return undefined
  const silent = failedOn(c, way)
  // What the parent's own stack asks goes out, never in.
  if (silent === undefined || silent.asker === parent.ns.id) return undefined
  if (!child.dev.addresses.some(({ address }) => address === silent.sought)) return undefined
  const came = silent.asked.find((s) => isAt(s, parent) && s.direction === 'in' && isGroupMac(s.targetMac))
  const wasGiven = silent.asked.some((s) => s.ns === child.ns.id && s.direction === 'in')
  const isAnswered = [child, parent].some(({ ns }) => sentBy(c, ns.id, way.answers))
  if (came === undefined || wasGiven || isAnswered) return undefined
  const because = `"${came.text}" came in at ${spotText(parent)} and was not given to ${spotText(child)}: the driver gives no multicast, as a neighbour solicitation is one, to children in mode ${child.dev.mode ?? ''}`
  return { reason: 'l3-no-multicast', at: spotText(parent), because }
}
