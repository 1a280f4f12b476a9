import { describeFrame } from '../model/frame-text.ts'
import type { Frame, Packet, Transport } from '../model/frame-types.ts'
import { decodeFrame, linkTypeOf } from '../model/frames.ts'
import type { Sighting, SightingKind } from '../model/evidence.ts'
import { findNamespace, type Graph } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Marks } from './attempt.ts'
import { nextHop } from '../model/egress.ts'
import { strangersTo, type Heard } from './strangers.ts'
import type { SeenFrame } from './watch.ts'

const outgoing = 4 // PACKET_OUTGOING, include/uapi/linux/if_packet.h
const otherHost = 3

/** Tells the frames of one probe's conversation from all others. */
export interface Conversation {
  readonly spec: ProbeSpec
  readonly marks: Marks
  /** Addresses by which the source may send. */
  readonly sources: ReadonlySet<string>
  /** Addresses that are resolved on the way there, and on the way back. */
  readonly sought: ReadonlySet<string>
  readonly soughtBack: ReadonlySet<string>
  /** What stacks between the ends ask for to send the packet on (`ASKER SOUGHT`), and the way that is for. */
  readonly relayed: ReadonlyMap<string, 'solicit' | 'return-solicit'>
  /** `performance.now()` when the probe's own window closed; what comes later is looked at more strictly. */
  readonly endedAt?: number
}

export function conversation(graph: Graph, spec: ProbeSpec, marks: Marks): Conversation {
  const own = (ns: string | undefined): string[] =>
    (ns === undefined ? undefined : findNamespace(graph, ns))?.interfaces.flatMap((i) =>
      i.addresses.map((a) => a.address),
    ) ?? []
  const sources = new Set(own(spec.from))
  const backHops =
    spec.owner === undefined ? [] : [...sources].map((source) => nextHop(graph, spec.owner ?? '', source))
  return {
    spec,
    marks,
    sources,
    sought: new Set([spec.address, nextHop(graph, spec.from, spec.address)]),
    soughtBack: new Set([...sources, ...backHops]),
    relayed: relayedQuestions(graph, spec, sources),
  }
}

/** The gateways of stacks between the ends; which of the stacks relay is seen when it has come to that. */
function relayedQuestions(
  graph: Graph,
  { from, owner, address }: ProbeSpec,
  sources: ReadonlySet<string>,
): ReadonlyMap<string, 'solicit' | 'return-solicit'> {
  const questions = new Map<string, 'solicit' | 'return-solicit'>()
  for (const ns of graph.namespaces) {
    if (ns.role === 'wire' || ns.id === from || ns.id === owner) continue
    const own = ns.interfaces.flatMap((i) => i.addresses.map((a) => a.address))
    const note = (to: string, kind: 'solicit' | 'return-solicit'): void => {
      const hop = nextHop(graph, ns.id, to)
      if (hop !== to) for (const asker of own) questions.set(`${asker} ${hop}`, kind)
    }
    for (const source of sources) note(source, 'return-solicit')
    note(address, 'solicit')
  }
  return questions
}

/** Whether a neighbour entry is about an address that the conversation waits for somewhere. */
export function concernsNeighbour(talk: Conversation, address: string): boolean {
  return (
    talk.sought.has(address) ||
    talk.soughtBack.has(address) ||
    [...talk.relayed.keys()].some((question) => question.endsWith(` ${address}`))
  )
}

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

/** The addresses that the probe's requests carried as their source. */
export function requestSources(talk: Conversation, frames: readonly SeenFrame[]): string[] {
  const sources = frames.flatMap((seen) => {
    const packet = decoded(seen)?.packet
    const isRequest = packet !== undefined && kindOf(talk, packet) === 'request'
    return isRequest && (packet.kind === 'ipv4' || packet.kind === 'ipv6') ? packet.source : []
  })
  return [...new Set(sources)]
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
function decoded(seen: SeenFrame): Frame | undefined {
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

function kindOf(talk: Conversation, packet: Packet): SightingKind | undefined {
  switch (packet.kind) {
    case 'arp':
      return packet.op === 1
        ? solicitKind(talk, packet.sender, packet.target)
        : advertKind(talk, packet.sender, packet.target)
    case 'ipv4':
    case 'ipv6':
      return transportKind(talk, packet.source, packet.target, packet.transport)
    case 'malformed':
    case 'other-packet':
    case 'stp':
      return undefined
  }
}

function solicitKind(talk: Conversation, asker: string, sought: string): SightingKind | undefined {
  if (talk.spec.protocol.kind === 'arp')
    return talk.sources.has(asker) && sought === talk.spec.address ? 'request' : undefined
  if (talk.sources.has(asker)) return talk.sought.has(sought) ? 'solicit' : undefined
  if (talk.soughtBack.has(sought) && asker === talk.spec.address) return 'return-solicit'
  // The last router before the target, or before the source on the way back.
  if (sought === talk.spec.address) return 'solicit'
  return talk.sources.has(sought) ? 'return-solicit' : talk.relayed.get(`${asker} ${sought}`)
}

function advertKind(talk: Conversation, answerer: string, asker: string): SightingKind | undefined {
  if (talk.spec.protocol.kind === 'arp')
    return answerer === talk.spec.address && talk.sources.has(asker) ? 'reply' : undefined
  if (talk.sources.has(asker)) return talk.sought.has(answerer) ? 'advert' : undefined
  if (talk.soughtBack.has(answerer) && asker === talk.spec.address) return 'return-advert'
  if (answerer === talk.spec.address) return 'advert'
  if (talk.sources.has(answerer)) return 'return-advert'
  const asked = talk.relayed.get(`${asker} ${answerer}`)
  return asked === undefined ? undefined : asked === 'solicit' ? 'advert' : 'return-advert'
}

function transportKind(
  talk: Conversation,
  source: string,
  target: string,
  transport: Transport,
): SightingKind | undefined {
  switch (transport.kind) {
    case 'neighbour-solicitation':
      return solicitKind(talk, source, transport.target)
    case 'neighbour-advertisement':
      return advertKind(talk, transport.target, target)
    case 'echo-request':
      return carries(talk, transport.payload) ? 'request' : undefined
    case 'echo-reply':
      return carries(talk, transport.payload) ? 'reply' : undefined
    case 'udp':
      if (talk.marks.port === undefined) return undefined
      if (transport.sourcePort === talk.marks.port && carries(talk, transport.payload)) return 'request'
      if (isGroup(talk.spec) && source !== talk.spec.address) return undefined
      return transport.targetPort === talk.marks.port && carries(talk, transport.payload) ? 'reply' : undefined
    case 'tcp':
      if (talk.marks.port === undefined) return undefined
      if (transport.sourcePort === talk.marks.port && transport.targetPort === portOf(talk.spec)) return 'request'
      if (transport.targetPort !== talk.marks.port || transport.sourcePort !== portOf(talk.spec)) return undefined
      return transport.flags.includes('R') ? 'reset' : 'reply'
    case 'icmp-error':
      return quotes(talk, transport.quoted) ? 'error' : undefined
    case 'later-fragment':
    case 'malformed':
    case 'membership':
    case 'other-icmp':
    case 'other-transport':
    case 'redirect':
    case 'router-advertisement':
    case 'router-solicitation':
      return undefined
  }
}

/** Every listener answers a broadcast; the probe asks about one. */
function isGroup(spec: ProbeSpec): boolean {
  return spec.protocol.kind === 'broadcast' || spec.protocol.kind === 'multicast'
}

function portOf(spec: ProbeSpec): number | undefined {
  return 'port' in spec.protocol ? spec.protocol.port : undefined
}

function carries(talk: Conversation, payload: Uint8Array): boolean {
  const token = talk.marks.token
  return (
    token !== undefined && Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(Buffer.from(token))
  )
}

/** Whether an error quotes the probe's request; the quotation may be cut before the token. */
function quotes(talk: Conversation, packet: Packet): boolean {
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') return false
  const t = packet.transport
  if (t.kind === 'echo-request') return carries(talk, t.payload)
  if (t.kind === 'udp' || t.kind === 'tcp')
    return t.sourcePort === talk.marks.port && t.targetPort === portOf(talk.spec)
  return false
}

function errorOf(packet: Packet): { error?: { by: string; type: number; code: number; name: string } } {
  if (packet.kind !== 'ipv4' && packet.kind !== 'ipv6') return {}
  const t = packet.transport
  return t.kind === 'icmp-error' ? { error: { by: packet.source, type: t.type, code: t.code, name: t.name } } : {}
}
