import { setTimeout as pause } from 'node:timers/promises'
import type { Control, Evidence, NeighbourState, Outcome } from '../model/evidence.ts'
import { fromBytes } from '../model/addresses.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { FileOperation } from '../machines/channel/channel.ts'
import type { Attempt } from './attempt.ts'
import { openControls } from './controls.ts'
import { nextHop } from '../model/egress.ts'
import { investigate } from './findings.ts'
import type { Prober } from './prober.ts'
import {
  concernsNeighbour,
  conversation,
  findSightings,
  lastArrival,
  requestSources,
  type Conversation,
} from './sightings.ts'
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
    await coolDown(lab, nets)
    const from = await watch.mark()
    const startedAt = performance.now()
    const attempts = specs.map((spec) => startAttempt(prober, spec))
    const talks = attempts.map((a) => conversation(prober.graph, a.spec, a.marks))
    const settled = await settle(prober, attempts, talks, from, startedAt)
    const [neighbours] = await Promise.all([neighbourStates(prober), watch.mark()])
    const endedAt = performance.now()
    const early = watch.frames.slice(from)
    const row = openControls(prober)
    const controls = await Promise.all(
      attempts.map(async ({ spec }, i): Promise<Control[]> => {
        const talk = talks[i]
        if (settled[i]?.outcome.kind === 'reply' || talk === undefined) return []
        const seen = findSightings(talk, early, prober.graph)
        const outcome = settled[i]?.outcome ?? { kind: 'silence' }
        const source = sourceControl(spec, outcome, seen, neighbours)
        const target = targetFrames(spec, seen)
        const isMute = source.length === 0 && outcome.kind === 'silence'
        const [sources, targets] = await Promise.all([
          isMute ? row.sourceControl(spec) : source,
          target ? [target] : row.controlsFor(spec),
        ])
        return [...sources, ...targets]
      }),
    )
    for (const [i, spec] of specs.entries()) if (settled[i]?.outcome.kind === 'reply') prober.peers.note(spec)
    await watch.mark()
    const frames = watch.frames.slice(from)
    const evidences: Evidence[] = []
    for (const [i, spec] of specs.entries()) {
      const begun = talks[i]
      if (begun === undefined) continue
      const talk = { ...begun, endedAt }
      const { outcome, ms } = settled[i] ?? { outcome: { kind: 'failed', text: 'no outcome' } as const, ms: 0 }
      const sightings = findSightings(talk, frames, prober.graph)
      const evidence: Evidence = {
        probe: spec,
        outcome,
        sightings,
        neighbours: neighbours.filter((n) => concernsNeighbour(talk, n.address)),
        controls: controls[i] ?? [],
        findings: {},
        ms,
        ...(watch.problem() === undefined ? {} : { captureProblem: watch.problem() ?? '' }),
      }
      // One after the other: a repeated probe's traces and counters must be its own.
      const findings = outcome.kind === 'reply' ? {} : await investigate(prober, evidence, requestSources(talk, frames))
      const traced = findings.netfilter?.find((n) => n.ns === spec.from)
      const sender: Control[] =
        traced === undefined || evidence.controls.some((k) => k.end === 'source' && k.alive)
          ? []
          : [
              {
                end: 'source',
                from: spec.from,
                address: spec.address,
                alive: true,
                method: 'frames',
                text: `netfilter in ${spec.from} traced its packet`,
              },
            ]
      evidences.push({ ...evidence, controls: [...evidence.controls, ...sender], findings })
    }
    return evidences
  })
}

/**
 * Forgets what namespaces learnt: neighbours, and the path MTUs and redirects that hang on routes (a sandbox of an ordinary user
 * may lack the file; then those are kept).
 */
async function coolDown({ channel }: Prober['lab'], nets: readonly string[]): Promise<void> {
  const flush = [4, 6].map((v): FileOperation => ({
    kind: 'write',
    path: `/proc/sys/net/ipv${String(v)}/route/flush`,
    value: '1',
  }))
  await Promise.all([channel.neighbours('flush', nets), ...nets.map((net) => channel.files(net, flush))])
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
async function neighbourStates(prober: Prober): Promise<NeighbourState[]> {
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

/** The target's stack said something in this very conversation: an answer, a refusal, or a question for its way back. */
function targetFrames({ owner, address }: ProbeSpec, sightings: Evidence['sightings']): Control | undefined {
  const kinds = ['advert', 'reply', 'reset', 'error', 'return-solicit']
  const said = sightings.find((s) => s.ns === owner && s.direction === 'out' && kinds.includes(s.kind))
  if (said === undefined) return undefined
  return {
    end: 'target',
    from: said.ns,
    address,
    alive: true,
    method: 'frames',
    text: `${said.ns} sent "${said.text}" by ${said.dev}`,
  }
}

/**
 * The source vouches for itself: its frames were captured as they left, its stack answered with an errno, or (where nothing
 * can leave) it has tried to resolve the target since the caches were emptied.
 */
function sourceControl(
  spec: ProbeSpec,
  outcome: Outcome,
  sightings: Evidence['sightings'],
  neighbours: readonly NeighbourState[],
): Control[] {
  const left = sightings.find((s) => s.ns === spec.from && s.direction === 'out')
  if (left !== undefined) {
    const text = `${spec.from} sent "${left.text}" by ${left.dev}`
    return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'frames', text }]
  }
  if (outcome.kind === 'errno') {
    const text = `the stack of ${spec.from} refused with ${outcome.errno}: ${outcome.text}`
    return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'errno', text }]
  }
  // Entries that no flush removes prove nothing about this attempt.
  const lasting = ['PERMANENT', 'NOARP']
  const tried = neighbours.find((n) => n.ns === spec.from && n.address === spec.address && !lasting.includes(n.state))
  if (tried === undefined) return []
  const text = `the stack of ${spec.from} tried to resolve ${tried.address} on ${tried.dev} (${tried.state})`
  return [{ end: 'source', from: spec.from, address: spec.address, alive: true, method: 'neighbour', text }]
}
