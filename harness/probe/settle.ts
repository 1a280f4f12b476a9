import { setTimeout as pause } from 'node:timers/promises'
import { fromBytes } from '../model/addresses.ts'
import { nextHop } from '../model/egress.ts'
import type { NeighbourState, Outcome } from '../model/evidence.ts'
import type { Attempt } from './attempt.ts'
import type { Conversation } from './conversation.ts'
import type { Prober } from './prober.ts'
import { findSightings, lastArrival } from './sightings.ts'

/** How an attempt ended, and after how many milliseconds. */
interface Settled {
  readonly outcome: Outcome
  readonly ms: number
}

/**
 * Waits until every attempt has an outcome, or the evidence says that none will come: its next hop could not be
 * resolved, or its frames have stopped and no resolution is under way.
 */
export async function settle(
  prober: Prober,
  attempts: readonly Attempt[],
  talks: readonly Conversation[],
  from: number,
  startedAt: number,
): Promise<Settled[]> {
  const done: (Settled | undefined)[] = attempts.map(() => undefined)
  const all = Promise.all(
    attempts.map(async (attempt, i) => {
      const outcome = await attempt.outcome
      done[i] = { outcome, ms: performance.now() - startedAt }
    }),
  )
  while (done.includes(undefined)) {
    await Promise.race([all, pause(prober.patience.lookMs)])
    const elapsed = performance.now() - startedAt
    const pending = attempts.map((_, i) => i).filter((i) => done[i] === undefined)
    if (pending.length === 0) continue
    const late = elapsed > prober.patience.deadlineMs
    const neighbours = await neighbourStates(prober)
    for (const i of pending) {
      const talk = talks[i]
      if (talk === undefined || late || isComplete(prober, talk, neighbours, from, startedAt)) attempts[i]?.abandon()
    }
  }
  return talks.map((talk, i): Settled => {
    const settled = done[i] ?? { outcome: { kind: 'silence' }, ms: performance.now() - startedAt }
    // No program waits for the answer to an injected question.
    const isAnswer =
      talk.spec.protocol.kind === 'arp' && settled.outcome.kind === 'silence' && isAnswered(prober, talk, from)
    return isAnswer ? { ...settled, outcome: { kind: 'reply' } } : settled
  })
}

function isComplete(
  prober: Prober,
  talk: Conversation,
  neighbours: readonly NeighbourState[],
  from: number,
  startedAt: number,
): boolean {
  const { watch, patience, graph } = prober
  if (talk.spec.protocol.kind === 'arp' && isAnswered(prober, talk, from)) return true
  const hop = nextHop(graph, talk.spec.from, talk.spec.address)
  const now = performance.now()
  const mine = neighbours.find((n) => n.ns === talk.spec.from && n.address === hop)
  const grace = patience.quietMs / 5 // the prober learns of the failure from the kernel a moment later, with its errno
  if (mine?.state === 'FAILED') {
    const since = lastArrival(talk, watch.frames, from) ?? startedAt
    return now - since > grace
  }
  // Only an INCOMPLETE neighbour holds packets back: in DELAY (up to 5 s) and PROBE they leave at once (RFC 4861, 7.3.2).
  if (neighbours.some((n) => n.state === 'INCOMPLETE')) return false
  const last = lastArrival(talk, watch.frames, from)
  if (last === undefined) return now - startedAt > patience.traceMs
  // macvlan hands broadcasts and multicasts on by a work queue (macvlan_process_broadcast): they may lag behind.
  const isGroup = talk.spec.protocol.kind === 'broadcast' || talk.spec.protocol.kind === 'multicast'
  // Nothing more is to come by the wire, but the program may need a busy machine's time to say that it got it.
  const isCome = isAnswered(prober, talk, from)
  return now - last > (isCome ? 10 : isGroup ? 4 : 1) * patience.quietMs
}

function isAnswered({ watch, graph }: Prober, talk: Conversation, from: number): boolean {
  const seen = findSightings(talk, watch.frames.slice(from), graph)
  return seen.some((s) => s.kind === 'reply' && s.ns === talk.spec.from && s.direction === 'in')
}

/** The neighbour tables of every namespace, now. */
export async function neighbourStates(prober: Prober): Promise<NeighbourState[]> {
  const targets = [...prober.lab.namespaces.values()]
  const tables = await prober.lab.channel.neighbours(
    'read',
    targets.map((t) => t.path),
  )
  return tables.flatMap((table, i) => {
    const target = targets[i]
    if (target === undefined) return []
    const devices = prober.graph.namespaces.find((ns) => ns.id === target.id)?.interfaces
    return table.map((entry): NeighbourState => ({
      ns: target.id,
      dev: devices?.find((d) => d.index === entry.ifindex)?.name ?? `if${String(entry.ifindex)}`,
      address: fromBytes(entry.address),
      state: entry.state,
      ...(entry.mac === undefined ? {} : { mac: entry.mac }),
    }))
  })
}
