import type { Sighting, SightingKind } from '../model/evidence.ts'
import { isAimedAt } from './aimed-at.ts'
import {
  childrenOf,
  forthKinds,
  homewardKinds,
  isAt,
  isDirect,
  isGroupMac,
  isMacvlan,
  isReflected,
  parentSpot,
  sameSpot,
  seenBack,
  seenForth,
  seenHomeward,
  siblings,
  spotText,
  switchPort,
  type Case,
  type Proof,
  type Spot,
} from './case.ts'

/**
 * A macvlan child and the stack that owns its parent never meet: a child's frames leave by the parent's transmit path
 * and the parent's own frames leave by the same; neither is looped back (drivers/net/macvlan.c, macvlan_queue_xmit
 * and macvlan_handle_frame). What a switch reflects is another story: those frames come in again.
 */
export function macvlanParentIsolation(c: Case): Proof | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined) return undefined
  return isolatedOneWay(c, source, owner, forthKinds) ?? isolatedOneWay(c, owner, source, homewardKinds)
}

/** Frames from `sender` to `listener`, one a child and the other on the stack of its parent. */
function isolatedOneWay(c: Case, sender: Spot, listener: Spot, kinds: readonly SightingKind[]): Proof | undefined {
  const up = parentBelow(c, sender, listener.ns.id)
  const parent = up ?? parentBelow(c, listener, sender.ns.id)
  if (parent === undefined || !parent.dev.up || isReflected(c, parent)) return undefined
  if (!isDirect(c, sender, listener)) return undefined
  const lost = leftForGood(c, parent, listener, kinds)
  if (lost === undefined) return undefined
  const because =
    up === undefined
      ? `"${lost.text}", which the stack of ${parent.ns.id} sent by ${parent.dev.name}, went out to the wire and never to ${spotText(listener)}: a macvlan child does not hear its parent's own stack`
      : `"${lost.text}" left by ${spotText(parent)}, the parent of ${spotText(sender)}, and never came in there: a parent's own stack does not hear its macvlan children`
  return { reason: 'macvlan-parent-isolation', at: spotText(parent), because }
}

/**
 * A frame for the listener that went out by the parent and was heard neither by the parent again (reflected by the switch) nor
 * anywhere in the listener's namespace, whoever brought it. Frames that bridge children exchange pass the parent's taps as
 * incoming ones, so each frame is followed by itself.
 */
function leftForGood(c: Case, parent: Spot, listener: Spot, kinds: readonly SightingKind[]): Sighting | undefined {
  const { sightings } = c.evidence
  return sightings.find(
    (out) =>
      kinds.includes(out.kind) &&
      isAt(out, parent) &&
      out.direction === 'out' &&
      isAimedAt(out, listener) &&
      !sightings.some(
        (s) => s.direction === 'in' && s.text === out.text && (isAt(s, parent) || s.ns === listener.ns.id),
      ),
  )
}

/** The parent of a macvlan child, when the other end's stack is the parent's own. */
function parentBelow(c: Case, child: Spot, otherNs: string): Spot | undefined {
  if (!isMacvlan(child.dev)) return undefined
  const parent = parentSpot(c.graph, child)
  if (parent?.ns.id !== otherNs) return undefined
  // Two children of one parent, both in the parent's namespace or not, are siblings.
  const others = [c.sourceSpot, c.ownerSpot].filter((spot) => spot !== undefined && !sameSpot(spot, child))
  return others.some((spot) => isMacvlan(spot?.dev ?? child.dev) && sameSpot(parentSpot(c.graph, spot), parent))
    ? undefined
    : parent
}

/** A private child's frames reach neither its siblings nor, reflected by the switch, its parent's own stack. */
export function privateMode(c: Case): Proof | undefined {
  return privateBesideSibling(c) ?? privateBesideParent(c)
}

/**
 * A broadcast that a private child sent and the switch reflected is handed back to that child alone, so its parent's
 * stack never hears the question for its address (drivers/net/macvlan.c, macvlan_handle_frame: such a frame
 * goes to its original port). The other way round, and for known neighbours, a reflecting switch joins the two.
 */
function privateBesideParent(c: Case): Proof | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || !isMacvlan(source.dev) || source.dev.mode !== 'private') return undefined
  const parent = parentSpot(c.graph, source)
  if (parent === undefined || !sameSpot(parent, owner)) return undefined
  if (!seenForth(c, parent, 'in') || !seenForth(c, source, 'in')) return undefined
  const because = `frames of ${spotText(source)}, which is in private mode, came back in at its parent ${spotText(parent)} and were handed to ${spotText(source)} itself instead of the parent's own stack`
  return { reason: 'private-mode', at: spotText(parent), because }
}

/** Children in private mode do not hear the questions of their siblings, not even those that a switch reflects. */
function privateBesideSibling(c: Case): Proof | undefined {
  const s = siblings(c)
  if (s === undefined) return undefined
  const shy = [s.source, s.owner].find((spot) => spot.dev.mode === 'private')
  if (shy === undefined || !s.parent.dev.up) return undefined
  const isForthStopped = leftFor(c, s.parent, s.owner, forthKinds) && !seenForth(c, s.owner, 'in')
  const isBackStopped =
    leftFor(c, s.parent, s.source, homewardKinds) && seenHomeward(c, s.owner, 'out') && !seenBack(c, s.source, 'in')
  if (!isForthStopped && !isBackStopped) return undefined
  const because = `${spotText(s.source)} and ${spotText(s.owner)} are children of ${spotText(s.parent)}, and ${spotText(shy)} is in private mode: frames left by the parent, and nothing passed between the two`
  return { reason: 'private-mode', at: spotText(s.parent), because }
}

/** Whether frames left for where a private child's sibling cannot hear them: unicast that a switch reflects, it can. */
function leftFor(c: Case, parent: Spot, listener: Spot, kinds: readonly SightingKind[]): boolean {
  const reflected = isReflected(c, parent)
  return c.evidence.sightings.some(
    (s) =>
      kinds.includes(s.kind) &&
      isAt(s, parent) &&
      s.direction === 'out' &&
      isAimedAt(s, listener) &&
      (isGroupMac(s.targetMac) || !reflected),
  )
}

/**
 * VEPA leaves switching between siblings to the switch, which does not send a frame back where it came from (IEEE 802.1Qbg).
 * A child in source mode is not switched locally either (macvlan_queue_xmit switches from bridge to bridge only).
 */
export function vepaNotReflected(c: Case): Proof | undefined {
  const s = siblings(c)
  if (s === undefined) return undefined
  const modes = [s.source.dev.mode, s.owner.dev.mode]
  if (modes.includes('private') || !modes.some((mode) => mode === 'vepa' || mode === 'source')) return undefined
  const left = c.evidence.sightings.some(
    (t) => forthKinds.includes(t.kind) && isAt(t, s.parent) && t.direction === 'out' && isAimedAt(t, s.owner),
  )
  if (!left || seenForth(c, s.parent, 'in') || seenForth(c, s.owner, 'in')) return undefined
  const port = switchPort(c, s.parent)
  if (port !== undefined) {
    // The switch must have got the frames, be forwarding, and be set not to reflect: else something else kept them.
    const { state, hairpin } = port.dev.port ?? { state: 'unknown', hairpin: false }
    if (state !== 'forwarding' || hairpin || !seenForth(c, port, 'in') || seenForth(c, port, 'out')) return undefined
  }
  const because = `frames left ${spotText(s.parent)} for the switch${port ? `, came in at its port ${spotText(port)}` : ''} and were not sent back: such a child reaches its siblings only through a reflecting switch port`
  return { reason: 'vepa-not-reflected', at: spotText(port ?? s.parent), because }
}

/** A child in source mode takes frames only from the MAC addresses on its list. */
export function sourceModeFilter(c: Case): Proof | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined) return undefined
  return filteredOneWay(c, owner, forthKinds) ?? filteredOneWay(c, source, homewardKinds)
}

function filteredOneWay(c: Case, listener: Spot, kinds: readonly SightingKind[]): Proof | undefined {
  if (!isMacvlan(listener.dev) || listener.dev.mode !== 'source') return undefined
  const parent = parentSpot(c.graph, listener)
  const frames = c.evidence.sightings.filter((s) => kinds.includes(s.kind) && s.direction === 'in')
  if (parent === undefined || frames.some((s) => s.ns === listener.ns.id && s.dev === listener.dev.name))
    return undefined
  const meant = frames.filter((s) => s.ns === parent.ns.id && s.dev === parent.dev.name && isFor(s, listener.dev.mac))
  const allowed = allowedSources(listener)
  const refused = meant.find((s) => !allowed.includes(s.sourceMac))
  if (refused === undefined || meant.some((s) => allowed.includes(s.sourceMac))) return undefined
  const list = allowed.length === 0 ? 'is empty' : `holds ${allowed.join(', ')}`
  const because = `frames from ${refused.sourceMac} came in at ${spotText(parent)} and were not given to ${spotText(listener)}, whose source list ${list}`
  return { reason: 'source-mode-filter', at: spotText(listener), because }
}

function isFor(s: Sighting, mac: string): boolean {
  return s.targetMac === mac || isGroupMac(s.targetMac)
}

function allowedSources(listener: Spot): string[] {
  const list = listener.dev.details['macaddr_data']
  return Array.isArray(list) ? list.map((mac) => String(mac).toLowerCase()) : []
}

/** The one child of a passthru parent gets every frame that comes in; the parent's own stack gets none. */
export function passthruTakesAll(c: Case): Proof | undefined {
  const ends: readonly (readonly [robbed: Spot | undefined, passes: typeof seenForth])[] = [
    [c.ownerSpot, seenForth],
    [c.sourceSpot, seenHomeward],
  ]
  for (const [robbed, passes] of ends) {
    if (robbed === undefined) continue
    const child = childrenOf(c, robbed).find((spot) => spot.dev.mode?.startsWith('passthru') === true)
    if (child === undefined || !passes(c, robbed, 'in')) continue
    // Broadcasts pass on to the parent's stack as well; what the child takes is unicast.
    const taken = cameUnicast(c, child)
    // A child that is down gets nothing, and neither does anybody else (macvlan_handle_frame frees the frame).
    if (child.dev.up ? !taken || !passes(c, child, 'in') : !cameUnicast(c, robbed)) continue
    const state = child.dev.up ? '' : ', which is down,'
    const because = `frames for ${robbed.ns.id} came in at ${spotText(robbed)} and were given to its passthru child ${spotText(child)}${state} instead of its own stack`
    return { reason: 'passthru-takes-all', at: spotText(robbed), because }
  }
  return undefined
}

function cameUnicast(c: Case, spot: Spot): boolean {
  return c.evidence.sightings.some((s) => isAt(s, spot) && s.direction === 'in' && !isGroupMac(s.targetMac))
}
