import type { Packet, Transport } from '../model/frame-types.ts'
import { findNamespace } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Attempt } from './attempt.ts'
import { conversation } from './conversation.ts'
import { kindOf } from './frame-kinds.ts'
import type { Prober } from './prober.ts'
import { decoded } from './sightings.ts'
import type { SeenFrame } from './watch.ts'

/**
 * By what a repeated probe's packets are known in a trace, which does not show their token: sender and ICMP id, or ports, as they
 * were captured. Others may speak with the same target meanwhile, and routers may rewrite the sender on the way.
 */
export interface OwnPackets {
  readonly spec: ProbeSpec
  /** Of requests, `SENDER MARK`: `10.0.0.1 echo 12`, `10.0.0.1 tcp 40000>80`. */
  readonly requests: ReadonlySet<string>
  /** Of answers, `RECEIVER MARK`, captured or not: `10.0.0.1 echo 12`, `10.0.0.1 tcp 80>40000`. */
  readonly answers: ReadonlySet<string>
  /** Addresses of the source: what its own filter drops is not captured anywhere. */
  readonly senders: ReadonlySet<string>
  /** Marks of what was seen leaving the source. */
  readonly left: ReadonlySet<string>
}

/** What was captured of a probe's repeats. */
export function ownPackets(
  { graph }: Pick<Prober, 'graph'>,
  spec: ProbeSpec,
  attempts: readonly Attempt[],
  frames: readonly SeenFrame[],
): OwnPackets {
  const [requests, answers, left] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const talks = attempts.map(({ marks }) => conversation(graph, spec, marks))
  for (const seen of frames) {
    const packet = decoded(seen)?.packet
    if (packet?.kind !== 'ipv4' && packet?.kind !== 'ipv6') continue
    const kind = kindOfAny(talks, packet)
    const [mark, back] = [markOf(packet.transport), markOf(packet.transport, 'back')]
    if (mark === undefined || back === undefined) continue
    if (kind === 'request') {
      requests.add(`${packet.source} ${mark}`)
      answers.add(`${packet.source} ${back}`)
      if (seen.ns === spec.from) left.add(mark)
    } else if (kind === 'reply' || kind === 'reset') {
      answers.add(`${packet.target} ${mark}`)
    }
  }
  const devices = findNamespace(graph, spec.from)?.interfaces ?? []
  const senders = new Set(devices.flatMap((dev) => dev.addresses.map(({ address }) => address)))
  return { spec, requests, answers, senders, left }
}

function kindOfAny(talks: readonly ReturnType<typeof conversation>[], packet: Packet): string | undefined {
  for (const talk of talks) {
    const kind = kindOf(talk, packet)
    if (kind !== undefined) return kind
  }
  return undefined
}

function markOf(transport: Transport, way: 'same' | 'back' = 'same'): string | undefined {
  if (transport.kind === 'echo-request' || transport.kind === 'echo-reply') return `echo ${String(transport.id)}`
  if (transport.kind !== 'tcp' && transport.kind !== 'udp') return undefined
  const ports = [transport.sourcePort, transport.targetPort]
  return `${transport.kind} ${(way === 'same' ? ports : ports.reverse()).join('>')}`
}

/** Whether a line of `nft monitor trace` in a namespace shows a packet of a repeated probe. */
export function isOwnPacket(line: string, ns: string, own: OwnPackets): boolean {
  if (!line.includes(' packet: ')) return false
  const [, source = '', target = ''] = /\bip6? saddr (\S+) ip6? daddr (\S+)/.exec(line) ?? []
  const echo = /\bicmp(?:v6)? type echo-(request|reply)\b(.*)/.exec(line)
  const [, protocol, from, to] = /\b(tcp|udp) sport (\d+) \1 dport (\d+)/.exec(line) ?? []
  if (echo !== null) {
    const { id, sequence } = echoNumbers(echo[2] ?? '')
    const mark = `echo ${String(id)}`
    if (echo[1] === 'reply') return own.answers.has(`${target} ${mark}`)
    // A probe is a ping of its own, whose first request is 1 (iputils) or 0 (BusyBox); pings that run on are far beyond.
    const isLike = own.spec.protocol.kind === 'icmp' && (sequence ?? 0) <= 1
    return own.requests.has(`${source} ${mark}`) || isUnseen(mark, isLike)
  }
  if (protocol === undefined || from === undefined || to === undefined) return false
  const mark = `${protocol} ${from}>${to}`
  const isPort = 'port' in own.spec.protocol && to === String(own.spec.protocol.port)
  return own.requests.has(`${source} ${mark}`) || own.answers.has(`${target} ${mark}`) || isUnseen(mark, isPort)

  /** What its own namespace dropped, or sends with another sender's address than it began with, is known by both ends alone. */
  function isUnseen(mark: string, isLike: boolean): boolean {
    const isBetween = own.senders.has(source) && (target === own.spec.address || isGroup(own.spec))
    return isLike && ns === own.spec.from && isBetween && (own.left.size === 0 || own.left.has(mark))
  }
}

/** nft 1.0.6 calls id and sequence of an ICMPv6 echo by what other messages have in their place. */
function echoNumbers(words: string): { id?: number; sequence?: number } {
  const [, both] = /\bicmpv6 parameter-problem (\d+)/.exec(words) ?? []
  if (both !== undefined) return { id: Number(both) >>> 16, sequence: Number(both) & 0xffff }
  const [, id] = /\bicmp(?:v6)? id (\d+)/.exec(words) ?? []
  const [, sequence] = /\bicmp(?:v6)? sequence (\d+)/.exec(words) ?? []
  return {
    ...(id === undefined ? {} : { id: Number(id) }),
    ...(sequence === undefined ? {} : { sequence: Number(sequence) }),
  }
}

function isGroup({ protocol }: ProbeSpec): boolean {
  return protocol.kind === 'broadcast' || protocol.kind === 'multicast'
}
