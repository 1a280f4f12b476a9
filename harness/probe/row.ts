import { doubtOfReply } from '../model/answer.ts'
import type { Control, Evidence } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { FileOperation } from '../machines/channel/channel.ts'
import { concernsNeighbour, conversation } from './conversation.ts'
import { openControls } from './controls.ts'
import { investigate } from './findings.ts'
import { sourceControl, targetFrames } from './own-frames.ts'
import type { Prober } from './prober.ts'
import { neighbourStates, settle } from './settle.ts'
import { findSightings, requestSources } from './sightings.ts'
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
        const target = targetFrames(spec, seen, prober.graph)
        const isMute = source.length === 0 && outcome.kind === 'silence'
        const [sources, targets] = await Promise.all([
          isMute ? row.sourceControl(spec) : source,
          target ? [target] : row.controlsFor(spec),
        ])
        return [...sources, ...targets]
      }),
    )
    await watch.mark()
    const frames = watch.frames.slice(from)
    const evidences: Evidence[] = []
    for (const [i, spec] of specs.entries()) {
      const begun = talks[i]
      if (begun === undefined) continue
      const talk = { ...begun, endedAt }
      const { outcome, ms } = settled[i] ?? { outcome: { kind: 'failed', text: 'no outcome' } as const, ms: 0 }
      const sightings = findSightings(talk, frames, prober.graph)
      const isReached = outcome.kind === 'reply' && doubtOfReply(spec, sightings, prober.graph) === undefined
      if (isReached) prober.peers.note(spec)
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
