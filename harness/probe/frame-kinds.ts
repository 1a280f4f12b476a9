import type { SightingKind } from '../model/evidence.ts'
import type { Packet, Transport } from '../model/frame-types.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Conversation } from './conversation.ts'

/** What a packet means for a conversation; undefined when it is none of its. */
export function kindOf(talk: Conversation, packet: Packet): SightingKind | undefined {
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
