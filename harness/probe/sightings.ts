import { describeFrame } from '../model/frame-text.ts'
import type { Frame, Packet } from '../model/frame-types.ts'
import { decodeFrame, linkTypeOf } from '../model/frames.ts'
import type { Sighting, SightingKind } from '../model/evidence.ts'
import { findNamespace, type Graph } from '../model/graph.ts'
import type { Conversation } from './conversation.ts'
import { kindOf } from './frame-kinds.ts'
import { strangersTo, type Heard } from './strangers.ts'
import type { SeenFrame } from './watch.ts'

const outgoing = 4 // PACKET_OUTGOING, include/uapi/linux/if_packet.h
const otherHost = 3

/** The conversation's frames among those captured, in the order of their time stamps. */
export function findSightings(talk: Conversation, frames: readonly SeenFrame[], graph: Graph): Sighting[] {
  const found: { seen: SeenFrame; frame: Frame; kind: SightingKind }[] = []
  for (const seen of frames) {
    const frame = decoded(seen)
    const kind = frame === undefined ? undefined : kindOf(talk, frame.packet)
    if (frame !== undefined && talk.endedAt !== undefined && seen.at > talk.endedAt && !isLate(talk, frame.packet))
      continue
    if (frame !== undefined && kind !== undefined) found.push({ seen, frame, kind })
  }
  found.sort((a, b) => Number(a.seen.frame.timestamp - b.seen.frame.timestamp))
  const heard = found.map(({ seen, frame, kind }) => heardIn(seen, frame.packet, kind))
  const isStrangers = strangersTo(talk.spec, graph, heard)
  const own = found.filter((_, i) => heard[i] !== undefined && !isStrangers(heard[i]))
  const first = own[0]?.seen.frame.timestamp ?? 0n
  return own.map(({ seen, frame, kind }) => ({
    kind,
    us: Number(seen.frame.timestamp - first) / 1000,
    ns: seen.ns,
    dev: deviceName(graph, seen),
    direction: seen.frame.packetType === outgoing ? 'out' : 'in',
    ...(seen.frame.packetType === otherHost ? { forOther: true } : {}),
    text: describeFrame(frame),
    sourceMac: frame.ethernet?.source ?? '',
    targetMac: frame.ethernet?.target ?? '',
    ...insteadOf(talk, frame.packet, kind),
    ...errorOf(frame.packet),
  }))
}

function heardIn({ ns, frame }: SeenFrame, packet: Packet, kind: SightingKind): Heard {
  const asker = askerIn(packet)
  return {
    kind,
    ns,
    direction: frame.packetType === outgoing ? 'out' : 'in',
    forOther: frame.packetType === otherHost,
    ...(asker === undefined ? {} : { asker }),
  }
}

/** Whoever asks for a link-layer address in a packet, or is told one. */
function askerIn(packet: Packet): string | undefined {
  if (packet.kind === 'arp') return packet.op === 1 ? packet.sender : packet.target
  if (packet.kind !== 'ipv6') return undefined
  const { kind } = packet.transport
  return kind === 'neighbour-solicitation'
    ? packet.source
    : kind === 'neighbour-advertisement'
      ? packet.target
      : undefined
}

/**
 * After the probe's own window the controls speak with the same target. A late frame counts only if it is beyond doubt the
 * probe's: it carries the token, or the address and port of the probe's own socket.
 */
function isLate(talk: Conversation, packet: Packet): boolean {
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') return false
  const isOwn = talk.sources.has(packet.source) || talk.sources.has(packet.target)
  const { kind } = packet.transport
  return isOwn && kind !== 'neighbour-solicitation' && kind !== 'neighbour-advertisement'
}

/** An address that a probe's requests carried as their source where they were seen: routers may rewrite it. */
export interface Sender {
  readonly ns: string
  readonly address: string
}

/** The addresses that the probe's requests carried as their source. */
export function requestSources(talk: Conversation, frames: readonly SeenFrame[]): Sender[] {
  const senders = new Map<string, Sender>()
  for (const seen of frames) {
    const packet = decoded(seen)?.packet
    if (packet?.kind !== 'ipv4' && packet?.kind !== 'ipv6') continue
    if (kindOf(talk, packet) !== 'request') continue
    senders.set(`${seen.ns} ${packet.source}`, { ns: seen.ns, address: packet.source })
  }
  return [...senders.values()]
}

/** The newest arrival among the conversation's frames at or after a position, as `performance.now()`. */
export function lastArrival(talk: Conversation, frames: readonly SeenFrame[], from: number): number | undefined {
  for (let i = frames.length - 1; i >= from; i--) {
    const seen = frames[i]
    const frame = seen && decoded(seen)
    if (seen && frame && kindOf(talk, frame.packet) !== undefined) return seen.at
  }
  return undefined
}

const cache = new WeakMap<SeenFrame, Frame>()

/** Decodes a frame once; undefined for devices whose frames are of no known kind. */
export function decoded(seen: SeenFrame): Frame | undefined {
  const link = linkTypeOf(seen.frame.hatype)
  if (link === undefined) return undefined
  const known = cache.get(seen) ?? decodeFrame(seen.frame.bytes, link)
  cache.set(seen, known)
  return known
}

export function deviceName(graph: Graph, seen: SeenFrame): string {
  const dev = findNamespace(graph, seen.ns)?.interfaces.find((i) => i.index === seen.frame.ifindex)
  return dev?.name ?? `if${String(seen.frame.ifindex)}`
}

/** Groups are asked by another address than the one that is to answer. */
function insteadOf({ spec }: Conversation, packet: Packet, kind: SightingKind): { instead?: string } {
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') return {}
  // A solicitation names whom it asks, and goes to a group (RFC 4861, 7.2.2).
  if (spec.protocol.kind === 'arp') return {}
  const isAsked = kind === 'request' && spec.protocol.kind !== 'broadcast' && spec.protocol.kind !== 'multicast'
  const address = isAsked ? packet.target : kind === 'reply' ? packet.source : spec.address
  return address === spec.address ? {} : { instead: address }
}

function errorOf(packet: Packet): { error?: { by: string; type: number; code: number; name: string } } {
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') return {}
  const t = packet.transport
  return t.kind === 'icmp-error' ? { error: { by: packet.source, type: t.type, code: t.code, name: t.name } } : {}
}
