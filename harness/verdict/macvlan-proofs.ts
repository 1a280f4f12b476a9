import {
  isMacvlan, parentSpot, sameSpot, seenBack, seenForth, siblings, spotText, switchPort, type Case, type Proof, type Spot,
} from './case.ts'

/**
 * A macvlan child and the stack that owns its parent never meet: a child's frames leave by the parent's transmit path
 * and the parent's own frames leave by the same; neither is looped back (drivers/net/macvlan.c, macvlan_queue_xmit
 * and macvlan_handle_frame).
 */
export function macvlanParentIsolation(c: Case): Proof | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined) return undefined
  const up = childOf(c, source, owner)
  const down = childOf(c, owner, source)
  if (up !== undefined && up.dev.up && seenForth(c, up, 'out') && !seenForth(c, up, 'in')) {
    const because = `frames of ${spotText(source)} left by its parent ${spotText(up)} and never came in there: a parent's own stack does not hear its macvlan children`
    return { reason: 'macvlan-parent-isolation', at: spotText(up), because }
  }
  if (down !== undefined && down.dev.up && seenForth(c, down, 'out') && !seenForth(c, owner, 'in')) {
    const because = `frames that the stack of ${down.ns.id} sent by ${down.dev.name} went out to the wire and never to ${spotText(owner)}: a macvlan child does not hear its parent's own stack`
    return { reason: 'macvlan-parent-isolation', at: spotText(down), because }
  }
  return undefined
}

/** The parent, when `child` is a macvlan child (not passthru, which takes the parent over) and `other` sits on that parent. */
function childOf(c: Case, child: Spot, other: Spot): Spot | undefined {
  if (!isMacvlan(child.dev) || child.dev.mode === 'passthru') return undefined
  const parent = parentSpot(c.graph, child)
  return sameSpot(parent, other) ? parent : undefined
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
  if (shy === undefined || !seenForth(c, s.source, 'out')) return undefined
  const stopped = !seenForth(c, s.owner, 'in') || (seenBack(c, s.owner, 'out') && !seenBack(c, s.source, 'in'))
  if (!stopped || !s.parent.dev.up) return undefined
  const because = `${spotText(s.source)} and ${spotText(s.owner)} are children of ${spotText(s.parent)}, and ${spotText(shy)} is in private mode: nothing passed between them though frames left by the parent`
  return { reason: 'private-mode', at: spotText(s.parent), because }
}

/** VEPA leaves switching between siblings to the switch, which does not send a frame back where it came from (IEEE 802.1Qbg). */
export function vepaNotReflected(c: Case): Proof | undefined {
  const s = siblings(c)
  if (s === undefined) return undefined
  const modes = [s.source.dev.mode, s.owner.dev.mode]
  if (modes.includes('private') || !modes.includes('vepa')) return undefined
  if (!seenForth(c, s.parent, 'out') || seenForth(c, s.owner, 'in')) return undefined
  const port = switchPort(c, s.parent)
  const reflected = port !== undefined ? seenForth(c, port, 'out') : seenForth(c, s.parent, 'in')
  if (reflected) return undefined
  const because = `frames left ${spotText(s.parent)} for the switch${port ? `, came in at its port ${spotText(port)}` : ''} and were not sent back: a vepa child reaches its siblings only through a reflecting switch port`
  return { reason: 'vepa-not-reflected', at: spotText(port ?? s.parent), because }
}

/** A child in source mode takes frames only from the MAC addresses on its list. */
export function sourceModeFilter(c: Case): Proof | undefined {
  const { sourceSpot: source, ownerSpot: owner } = c
  if (source === undefined || owner === undefined) return undefined
  const ends: readonly (readonly [listener: Spot, direction: typeof seenForth])[] = [[owner, seenForth], [source, seenBack]]
  for (const [listener, passes] of ends) {
    if (!isMacvlan(listener.dev) || listener.dev.mode !== 'source') continue
    const parent = parentSpot(c.graph, listener)
    if (parent === undefined || !passes(c, parent, 'in') || passes(c, listener, 'in')) continue
    const sender = c.evidence.sightings.find((s) => s.ns === parent.ns.id && s.dev === parent.dev.name && s.direction === 'in')
    const allowed = allowedSources(listener)
    if (sender === undefined || allowed.includes(sender.sourceMac)) continue
    const list = allowed.length === 0 ? 'is empty' : `holds ${allowed.join(', ')}`
    const because = `frames from ${sender.sourceMac} came in at ${spotText(parent)} and were not given to ${spotText(listener)}, whose source list ${list}`
    return { reason: 'source-mode-filter', at: spotText(listener), because }
  }
  return undefined
}

function allowedSources(listener: Spot): string[] {
  const list = listener.dev.details['macaddr_data']
  return Array.isArray(list) ? list.map(String) : []
}

/** The one child of a passthru parent gets every frame that comes in; the parent's own stack gets none. */
export function passthruTakesAll(c: Case): Proof | undefined {
  const ends: readonly (readonly [robbed: Spot | undefined, passes: typeof seenForth])[] = [
    [c.ownerSpot, seenForth],
    [c.sourceSpot, seenBack],
  ]
  for (const [robbed, passes] of ends) {
    if (robbed === undefined) continue
    const child = childrenOf(c, robbed).find((spot) => spot.dev.mode === 'passthru')
    if (child === undefined || !passes(c, robbed, 'in') || !passes(c, child, 'in')) continue
    const because = `frames for ${robbed.ns.id} came in at ${spotText(robbed)} and were given to its passthru child ${spotText(child)} instead of its own stack`
    return { reason: 'passthru-takes-all', at: spotText(robbed), because }
  }
  return undefined
}

function childrenOf(c: Case, parent: Spot): Spot[] {
  return c.graph.namespaces
    .flatMap((ns) => ns.interfaces.map((dev): Spot => ({ ns, dev })))
    .filter((spot) => isMacvlan(spot.dev) && sameSpot(parentSpot(c.graph, spot), parent))
}
