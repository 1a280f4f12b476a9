import { setTimeout as pause } from 'node:timers/promises'
import type { Control, Evidence, Findings, NeighbourState, Outcome } from '../model/evidence.ts'
import { fromBytes } from '../model/addresses.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Attempt } from './attempt.ts'
import { controlsFor } from './controls.ts'
import { nextHop } from './egress.ts'
import { investigate } from './findings.ts'
import type { Prober } from './prober.ts'
import { conversation, findSightings, lastArrival, type Conversation } from './sightings.ts'
import { withEchoServices } from './sockets.ts'
import { startAttempt } from './start-attempt.ts'

/**
 * Measures one source's row: all its probes at once, from cold neighbour caches.
 *
 * @param specs - probes that start in the same namespace
 * @returns evidence in the order of `specs`
 */
export async function measureRow(prober: Prober, specs: readonly ProbeSpec[]): Promise<Evidence[]> {
  const { lab, watch } = prober
  const nets = [...lab.namespaces.values()].map((t) => t.path)
  return withEchoServices(prober, specs, async () => {
    await lab.channel.neighbours('flush', nets)
    const from = await watch.mark()
    const startedAt = performance.now()
    const attempts = specs.map((spec) => startAttempt(prober, spec))
    const talks = attempts.map((a) => conversation(prober.graph, a.spec, a.marks))
    const settled = await settle(prober, attempts, talks, from, startedAt)
    const neighbours = await neighbourStates(prober)
    const controls = await Promise.all(
      attempts.map(async ({ spec }, i): Promise<Control[]> => {
        if (settled[i]?.outcome.kind === 'reply') {
          prober.peers.note(spec)
          return []
        }
        return controlsFor(prober, spec)
      }),
    )
    await watch.mark()
    const frames = watch.frames.slice(from)
    return Promise.all(
      specs.map(async (spec, i): Promise<Evidence> => {
        const talk = talks[i]
        const { outcome, ms } = settled[i] ?? { outcome: { kind: 'failed', text: 'no outcome' } as const, ms: 0 }
        const sightings = talk === undefined ? [] : findSightings(talk, frames, prober.graph)
        const evidence: Evidence = {
          probe: spec,
          outcome,
          sightings,
          neighbours: neighbours.filter((n) => talk?.sought.has(n.address) === true || talk?.soughtBack.has(n.address) === true),
          controls: [...sourceControl(spec, outcome, sightings), ...(controls[i] ?? [])],
          findings: {},
          ms,
          ...(watch.problem() === undefined ? {} : { captureProblem: watch.problem() ?? '' }),
        }
        const findings: Findings = outcome.kind === 'reply' ? {} : await investigate(prober, evidence)
        return { ...evidence, findings }
      }),
    )
  })
}

interface Settled {
  readonly outcome: Outcome
  readonly ms: number
}

/**
 * Waits until every attempt has an outcome, or the evidence says that none will come: its next hop could not be
 * resolved, or its frames have stopped and no resolution is under way.
 */
async function settle(
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
  let over = false
  const finished = all.then(() => {
    over = true
  })
  while (!over) {
    await Promise.race([finished, pause(prober.patience.lookMs)])
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
  return done.map((d) => d ?? { outcome: { kind: 'silence' }, ms: performance.now() - startedAt })
}

function isComplete(
  prober: Prober,
  talk: Conversation,
  neighbours: readonly NeighbourState[],
  from: number,
  startedAt: number,
): boolean {
  const { watch, patience, graph } = prober
  const hop = nextHop(graph, talk.spec.from, talk.spec.address)
  const now = performance.now()
  const mine = neighbours.find((n) => n.ns === talk.spec.from && n.address === hop)
  const grace = patience.quietMs / 5 // the prober learns of the failure from the kernel a moment later, with its errno
  if (mine?.state === 'FAILED') {
    const since = lastArrival(talk, watch.frames, from) ?? startedAt
    return now - since > grace
  }
  const resolving = neighbours.some((n) => ['INCOMPLETE', 'PROBE', 'DELAY'].includes(n.state) && isOnTheWay(talk, n))
  if (resolving) return false
  const last = lastArrival(talk, watch.frames, from)
  if (last === undefined) return now - startedAt > patience.traceMs
  return now - last > patience.quietMs
}

function isOnTheWay(talk: Conversation, n: NeighbourState): boolean {
  return n.state === 'INCOMPLETE' || talk.sought.has(n.address) || talk.soughtBack.has(n.address)
}

/** The neighbour tables of every namespace, now. */
async function neighbourStates(prober: Prober): Promise<NeighbourState[]> {
  const targets = [...prober.lab.namespaces.values()]
  const tables = await prober.lab.channel.neighbours('read', targets.map((t) => t.path))
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

/** The source vouches for itself: its frames were captured as they left, or its stack answered with an errno. */
function sourceControl(spec: ProbeSpec, outcome: Outcome, sightings: Evidence['sightings']): Control[] {
  const left = sightings.find((s) => s.ns === spec.from && s.direction === 'out')
  if (left !== undefined) {
    const text = `${spec.from} sent "${left.text}" by ${left.dev}`
    return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'frames', text }]
  }
  if (outcome.kind !== 'errno') return []
  const text = `the stack of ${spec.from} refused with ${outcome.errno}: ${outcome.text}`
  return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'errno', text }]
}
