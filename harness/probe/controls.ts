import { setTimeout as pause } from 'node:timers/promises'
import { doubtOfReply } from '../model/answer.ts'
import type { Control } from '../model/evidence.ts'
import { findNamespace } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { askSelf } from './ask-self.ts'
import { conversation } from './conversation.ts'
import type { KnownPeers, Prober } from './prober.ts'
import { findSightings } from './sightings.ts'
import { startAttempt } from './start-attempt.ts'

export function knownPeers(): KnownPeers {
  const known = new Map<string, Set<string>>()
  return {
    note: (spec) => {
      const peers = known.get(spec.address) ?? new Set()
      known.set(spec.address, peers.add(spec.from))
    },
    for: (address) => [...(known.get(address) ?? [])],
  }
}

/** The controls of one row. */
export interface Controls {
  /**
   * Shows that the target of an unanswered probe is alive: another namespace reaches it by the same protocol (seen coming in
   * there and answered there: another may have the address as well), or, where none can, its own stack answers itself.
   */
  readonly controlsFor: (spec: ProbeSpec) => Promise<Control[]>
  /** Shows that a source of which nothing was seen or heard has a living stack, and a prober that works. */
  readonly sourceControl: (spec: ProbeSpec) => Promise<Control[]>
}

/** Most peers that are asked for one probe. */
const peersAsked = 3

export function openControls(prober: Prober): Controls {
  // Asking a namespace to answer itself may raise its `lo`: once per row, not by two probes at a time.
  const selves = new Map<string, Promise<Control>>()
  const askSelfOnce = (spec: ProbeSpec, ns: string, address: string): Promise<Control> => {
    const ask = (): Promise<Control> => askSelf(prober, spec.family, ns, address)
    const asked = selves.get(ns)?.then(ask) ?? ask()
    selves.set(ns, asked)
    return asked
  }
  return {
    sourceControl: async (spec) => {
      const own = findNamespace(prober.graph, spec.from)
        ?.interfaces.flatMap((i) => (i.kind === 'loopback' ? [] : i.addresses))
        .find((a) => a.family === spec.family)?.address
      return [{ ...(await askSelfOnce(spec, spec.from, own ?? '')), end: 'source' }]
    },
    controlsFor: async (spec) => {
      const { owner } = spec
      if (owner === undefined) return []
      const proven = candidates(prober, spec).find((peer) => prober.peers.for(spec.address).includes(peer))
      const peers = (proven === undefined ? candidates(prober, spec) : [proven])
        .slice(0, peersAsked)
        .map((peer) => askPeer(prober, spec, peer))
      const anyPeer = firstAlive(peers.map((peer) => peer.control))
      // A peer says more than the target itself, and a living one is quick.
      const quick = await Promise.race([anyPeer, pause(prober.patience.quietMs)])
      const self = quick ? undefined : await askSelfOnce(spec, owner, spec.address)
      const alive = quick ?? (self?.alive === true ? self : await anyPeer)
      for (const peer of peers) peer.abandon()
      return [alive ?? self].flatMap((control) => control ?? [])
    },
  }
}

async function firstAlive(asked: readonly Promise<Control>[]): Promise<Control | undefined> {
  const alive = asked.map(async (control) => ((await control).alive ? control : Promise.reject(new Error('not alive'))))
  return Promise.any(alive).catch(() => undefined)
}

/** Namespaces that may reach the target, the likeliest first: those that did, then hosts, then the rest. */
function candidates(prober: Prober, spec: ProbeSpec): string[] {
  const proven = prober.peers.for(spec.address)
  const others = prober.graph.namespaces
    .filter(
      (ns) =>
        ns.role !== 'wire' &&
        ns.interfaces.some((i) => i.kind !== 'loopback' && i.addresses.some((a) => a.family === spec.family)),
    )
    .map((ns) => ns.id)
  const ownHost = (spec.owner ?? '').split('/')[0]
  const foreign = others.filter((id) => id.split('/')[0] !== ownHost)
  const ordered = [...proven, ...foreign.filter((id) => !id.includes('/')), ...foreign, ...others]
  return [...new Set(ordered)].filter((id) => id !== spec.from && id !== spec.owner)
}

function askPeer(prober: Prober, spec: ProbeSpec, peer: string): { control: Promise<Control>; abandon: () => void } {
  const { kind } = spec.protocol
  const isSpoken = kind === 'tcp' || kind === 'udp' || kind === 'icmp'
  // The target's life is asked for, not its patience with large packets.
  const protocol = isSpoken && kind !== 'icmp' ? spec.protocol : ({ kind: 'icmp' } as const)
  const asked: ProbeSpec = { ...spec, from: peer, protocol }
  const attempt = startAttempt(prober, asked)
  const backstop = setTimeout(() => {
    attempt.abandon()
  }, prober.patience.traceMs)
  const live = async (): Promise<Control> => {
    const from = prober.watch.frames.length
    const outcome = await attempt.outcome
    clearTimeout(backstop)
    const control = { end: 'target', from: peer, address: spec.address, method: 'peer' } as const
    if (outcome.kind !== 'reply') return { ...control, alive: false, text: `${peer} could not reach ${spec.address}` }
    await prober.watch.mark()
    const talk = conversation(prober.graph, asked, attempt.marks)
    const sightings = findSightings(talk, prober.watch.frames.slice(from), prober.graph)
    const doubt = doubtOfReply(asked, sightings, prober.graph)
    if (doubt !== undefined) return { ...control, alive: false, text: `${peer} got a reply, and ${doubt}` }
    prober.peers.note(asked)
    return { ...control, alive: true, text: `${peer} reached ${spec.address} in the same window` }
  }
  return { control: live(), abandon: attempt.abandon }
}
