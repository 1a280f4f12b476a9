import type { NeighbourState, Sighting, SightingKind } from '../model/evidence.ts'
import { findNamespace, ownerOf } from '../model/graph.ts'
import { requestsInto, sentBy, spotText, type Case, type Proof, type Spot } from './case.ts'

/** One way of a conversation: what is asked for on it, what answers, and the packet that waits for that. */
interface Way {
  readonly question: SightingKind
  readonly answers: readonly SightingKind[]
  readonly packet: 'request' | 'reply'
}
export const forth: Way = { question: 'solicit', answers: ['advert', 'reply'], packet: 'request' }
export const back: Way = { question: 'return-solicit', answers: ['return-advert'], packet: 'reply' }

/** A question for a link-layer address that was sent and heard, and who was meant. */
interface Unanswered {
  readonly asker: string
  readonly sought: string
  readonly asked: readonly Sighting[]
  readonly way: Way
}

/**
 * Whoever heard the question for a link-layer address is told not to answer it; or nobody has the address. The question may be
 * the source's, a router's, or the target's for its way back.
 */
export function neighbourUnanswered(c: Case): Proof | undefined {
  const silent = c.evidence.probe.protocol.kind === 'arp' ? askedByArp(c) : (failedOn(c, forth) ?? failedOn(c, back))
  if (silent === undefined) return undefined
  const { asker, sought, asked, way } = silent
  const heard = asked.find((s) => s.ns !== asker && s.direction === 'in')
  if (heard === undefined || !asked.some((s) => s.ns === asker && s.direction === 'out')) return undefined
  const isTarget = way === forth && sought === c.evidence.probe.address
  const owner = isTarget ? (c.ownerSpot ?? ownerOf(c.graph, sought)) : ownerOf(c.graph, sought)
  if (owner === undefined) {
    const because = `${heard.text} was heard on the wire, and nobody in the lab has ${sought}`
    const wire = asked.find((s) => s.direction === 'in' && findNamespace(c.graph, s.ns)?.role === 'wire')
    return { reason: 'neighbour-unanswered', at: (wire ?? heard).ns, because }
  }
  if (sentBy(c, owner.ns.id, way.answers)) return undefined
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

/** The probe is itself the question. */
function askedByArp(c: Case): Unanswered {
  const { from, address } = c.evidence.probe
  const asked = c.evidence.sightings.filter((s) => s.kind === 'request' || s.kind === 'solicit')
  return { asker: from, sought: address, asked, way: forth }
}

/** A stack on one way that gave up resolving its next hop, and kept the packet. */
export function failedOn(c: Case, way: Way): Unanswered | undefined {
  const { sightings, neighbours, probe } = c.evidence
  // Nothing is to go back before something has come.
  if (way === back && (probe.owner === undefined || requestsInto(c, probe.owner).length === 0)) return undefined
  for (const failed of neighbours.filter((n) => n.state === 'FAILED')) {
    const asked = sightings.filter((s) => s.kind === way.question && isAbout(s, failed))
    const isAsker = asked.some((s) => s.ns === failed.ns && s.dev === failed.dev && s.direction === 'out')
    if (isAsker && !sentBy(c, failed.ns, [way.packet])) return { asker: failed.ns, sought: failed.address, asked, way }
  }
  return undefined
}

/** Whether a question is for the address of a neighbour entry: others may be asked for in one conversation. */
function isAbout({ text }: Sighting, { address }: NeighbourState): boolean {
  const words = text.split(/[\s,]+/)
  // `ARP who-has A tell B`, `ICMP6, neighbor solicitation, who has A`
  return words.some((word, i) => word === address && (words[i - 1] === 'who-has' || words[i - 1] === 'has'))
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
