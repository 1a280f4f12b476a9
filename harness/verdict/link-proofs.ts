import { ownerOf } from '../model/graph.ts'
import {
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
export function deadAtSource(c: Case): Spot | undefined {
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
export function deadAtRouter(c: Case): Spot | undefined {
  const router = netUnreachable(c)?.router
  const dev = router?.interfaces.find((i) => isOnSubnet(i, c.evidence.probe.address))
  return router && dev ? lowestDead(c, { ns: router, dev }) : undefined
}

/** A router's ICMP error that it cannot reach the target's network. */
export function netUnreachable(c: Case) {
  const error = c.evidence.sightings.find((s) => s.error?.name === 'net-unreachable' && s.direction === 'out')
  const router = error?.error && ownerOf(c.graph, error.error.by)?.ns
  if (error === undefined || router?.id !== error.ns || router.id === c.evidence.probe.from) return undefined
  return { error, router }
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
