import type { CellResult } from '../model/results.ts'
import { ownerOf, findNamespace, type Graph } from '../model/graph.ts'
import { protocolName, type ProbeSpec } from '../model/probe.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { meets, type Verdict } from '../model/verdict.ts'
import { tuneNeighbours, type NeighbourTimers } from '../lab/quiet.ts'
import { measureRow } from '../probe/row.ts'
import type { Patience, Prober } from '../probe/prober.ts'
import { judge } from '../verdict/classify.ts'
import type { PlannedCell } from './plan.ts'

/** Inconclusive verdicts that a second cold attempt may settle: the machine was busy, a frame came late. */
const worthRetrying: readonly string[] = ['contradictory', 'unexplained', 'ambiguous']

/** Measures the cells of one step: row after row, each from cold caches, the cells of a row at once. */
export async function measureCells(
  prober: Prober,
  cells: readonly PlannedCell[],
  timers: NeighbourTimers,
): Promise<CellResult[]> {
  const { lab } = prober
  await tuneNeighbours(lab.channel, lab.namespaces.values(), prober.graph, timers)
  const results = new Map<PlannedCell, CellResult>()
  for (const from of new Set(cells.map((c) => c.from))) {
    const row = cells.filter((c) => c.from === from)
    for (const [cell, result] of await measureSource(prober, row)) results.set(cell, result)
    const again = row.filter((cell) => {
      const verdict = results.get(cell)?.observed
      return verdict?.verdict === 'inconclusive' && worthRetrying.includes(verdict.why)
    })
    if (again.length === 0) continue
    const patient = { ...prober, patience: moreOf(prober.patience) }
    for (const [cell, result] of await measureSource(patient, again)) {
      const first = results.get(cell)
      const story = [
        ...result.story,
        `This is the second attempt; the first was ${first === undefined ? '' : whyText(first.observed)}.`,
      ]
      results.set(cell, { ...result, story })
    }
  }
  return cells.flatMap((cell) => results.get(cell) ?? [])
}

/** A busy machine may be silent for longer than this one usually is, and yet answer. */
function moreOf({ quietMs, traceMs, deadlineMs, lookMs }: Patience): Patience {
  return { quietMs: 5 * quietMs, traceMs: 5 * traceMs, deadlineMs: 2 * deadlineMs, lookMs }
}

function whyText(verdict: Verdict): string {
  return verdict.verdict === 'inconclusive' ? `inconclusive: ${verdict.why} (${verdict.detail})` : verdict.verdict
}

async function measureSource(prober: Prober, row: readonly PlannedCell[]): Promise<Map<PlannedCell, CellResult>> {
  const aims = row.map((cell) => ({ cell, aim: takeAim(prober.graph, cell) }))
  const probed = aims.flatMap(({ cell, aim }) => ('spec' in aim ? [{ cell, spec: aim.spec }] : []))
  const evidences =
    probed.length === 0
      ? []
      : await measureRow(
          prober,
          probed.map((p) => p.spec),
        )
  const results = new Map<PlannedCell, CellResult>()
  for (const { cell, aim } of aims) {
    if ('spec' in aim) continue
    const evidence = noEvidence(cell, aim.verdict.verdict === 'inconclusive' ? aim.verdict.detail : '')
    results.set(
      cell,
      cellResult(cell, evidence, aim.verdict, [
        `${cell.from} was not probed: ${evidence.outcome.kind === 'failed' ? evidence.outcome.text : ''}.`,
      ]),
    )
  }
  probed.forEach(({ cell }, i) => {
    const evidence = evidences[i]
    if (evidence === undefined) return
    const { verdict, story } = judge(evidence, prober.graph)
    results.set(cell, cellResult(cell, evidence, verdict, story))
  })
  return results
}

/** The address that a cell probes, or why there is none. */
function takeAim(graph: Graph, cell: PlannedCell): { spec: ProbeSpec } | { verdict: Verdict } {
  const spec = (address: string, owner: string | undefined): { spec: ProbeSpec } => ({
    spec: {
      from: cell.from,
      to: cell.to,
      ...(owner === undefined ? {} : { owner }),
      address,
      family: cell.family,
      protocol: cell.protocol,
    },
  })
  if (findNamespace(graph, cell.from) === undefined) {
    return {
      verdict: { verdict: 'inconclusive', why: 'namespace-missing', detail: `namespace ${cell.from} does not exist` },
    }
  }
  if (cell.destination.kind === 'address') {
    return spec(cell.destination.address, ownerOf(graph, cell.destination.address)?.ns.id)
  }
  const { id } = cell.destination
  const ns = findNamespace(graph, id)
  if (ns === undefined) {
    return { verdict: { verdict: 'inconclusive', why: 'namespace-missing', detail: `namespace ${id} does not exist` } }
  }
  const addresses = ns.interfaces
    .filter((i) => i.kind !== 'loopback')
    .flatMap((i) => i.addresses.filter((a) => a.family === cell.family && a.scope !== 'link'))
  const [first] = addresses
  const family = `IPv${String(cell.family)}`
  if (first === undefined) {
    return { verdict: { verdict: 'inconclusive', why: 'no-address', detail: `${id} has no ${family} address` } }
  }
  const distinct = new Set(addresses.map((a) => a.address))
  if (distinct.size > 1) {
    const detail = `${id} has several ${family} addresses (${[...distinct].join(', ')}); write the one that is meant as the column`
    return { verdict: { verdict: 'inconclusive', why: 'no-address', detail } }
  }
  return spec(first.address, id)
}

function noEvidence(cell: PlannedCell, text: string): Evidence {
  const outcome: Outcome = { kind: 'failed', text }
  const address = cell.destination.kind === 'address' ? cell.destination.address : ''
  return {
    probe: { from: cell.from, to: cell.to, address, family: cell.family, protocol: cell.protocol },
    outcome,
    sightings: [],
    neighbours: [],
    controls: [],
    findings: {},
    ms: 0,
  }
}

function cellResult(cell: PlannedCell, evidence: Evidence, observed: Verdict, story: readonly string[]): CellResult {
  return {
    from: cell.from,
    to: cell.to,
    address: evidence.probe.address,
    family: cell.family,
    proto: protocolName(cell.protocol),
    expected: cell.expected,
    ...(cell.documentSays === undefined ? {} : { documentSays: cell.documentSays }),
    observed,
    met: meets(observed, cell.expected),
    story,
    evidence,
    ms: evidence.ms,
  }
}
