import { judgeClaims } from '../model/claims.ts'
import type { Claim, ClaimResult, RunResult } from '../model/results.ts'
import {
  supportSchema,
  type SupportMachine,
  type SupportRow,
  type SupportStatus,
  type SupportTable,
} from './support-schema.ts'
import { totalsOf } from './summary-text.ts'

/** What a machine of a matrix came to. */
export type MachineOutcome =
  { readonly machine: string; readonly run: RunResult } | { readonly machine: string; readonly notRun: string }

/** The support table of some runs: one column per machine, one row per claim that any of them knows. */
export function supportTable(
  outcomes: readonly MachineOutcome[],
  about: Pick<SupportTable, 'netwright' | 'startedAt' | 'ms'>,
): SupportTable {
  const claims = new Map<string, Claim>()
  for (const outcome of outcomes)
    if ('run' in outcome) for (const claim of outcome.run.claims) claims.set(claim.id, claim)
  const found = outcomes.map((outcome) => ({
    outcome,
    claims: new Map('run' in outcome ? outcome.run.claims.map((claim) => [claim.id, claim]) : []),
  }))
  const rows = [...claims.values()].map(({ id, document, documentTitle, says }): SupportRow => ({
    id,
    document,
    documentTitle,
    says,
    cells: found.map(({ outcome, claims: known }) => ({ machine: outcome.machine, ...cellOf(outcome, known.get(id)) })),
  }))
  return supportSchema.parse({ schemaVersion: 1, ...about, machines: outcomes.map(machineOf), claims: rows })
}

function machineOf(outcome: MachineOutcome): SupportMachine {
  const { machine: name } = outcome
  if ('notRun' in outcome) return { name, facts: null, notRun: outcome.notRun, met: 0, notMet: 0, skipped: 0, ms: 0 }
  const { scenarios, ms } = outcome.run
  const { met, notMet, skipped } = totalsOf(scenarios)
  const [first] = scenarios
  if (first === undefined) return { name, facts: null, notRun: 'no scenario was declared', met, notMet, skipped, ms }
  const { kind, kernel, distro, arch, privilege } = first.machine
  return { name, facts: { kind, kernel, distro, arch, privilege }, notRun: null, met, notMet, skipped, ms }
}

function cellOf(
  outcome: MachineOutcome,
  claim: ClaimResult | undefined,
): { readonly status: SupportStatus; readonly because: string } {
  if ('notRun' in outcome) return { status: 'not run', because: outcome.notRun }
  if (claim === undefined) return { status: 'not tested', because: 'no scenario of this run is linked to it' }
  return { status: claim.status, because: claim.because }
}

/** A ground that cells of the table share. */
export interface Ground {
  readonly status: SupportStatus
  readonly because: string
  readonly machines: readonly string[]
  readonly claims: readonly string[]
}

/** Statuses whose ground is told beside the table, what is most worth a look first. */
const explained: readonly SupportStatus[] = ['inconclusive', 'refuted', 'depends', 'not supported', 'not run']

/**
 * Why cells are not simply confirmed: each ground once, with the machines and claims that share it. A counterexample
 * belongs to its claim; what a machine lacks is the same for all of them; why one did not run is about no claim.
 */
export function groundsOf(table: SupportTable): Ground[] {
  const cells = table.claims.flatMap(({ id, cells: row }) =>
    row.filter(({ status }) => status !== 'not run').map((cell) => ({ id, ...cell })),
  )
  const own = table.machines.flatMap(({ name, notRun }) =>
    notRun === null ? [] : [{ id: '', machine: name, status: 'not run' as const, because: notRun }],
  )
  return explained.flatMap((wanted) => {
    const those = [...cells, ...own].filter(({ status }) => status === wanted)
    const shared = wanted === 'not supported' || wanted === 'not run'
    const groups = [...Map.groupBy(those, ({ id, because }) => `${shared ? '' : id}\n${because}`).values()]
    return groups.map((group): Ground => ({
      status: wanted,
      because: group[0]?.because ?? '',
      machines: unique(group.map(({ machine }) => machine)),
      claims: unique(group.map(({ id }) => id)).filter((id) => id !== ''),
    }))
  })
}

/** Claims that machines answer differently: where both measured, and still disagree. */
export function differencesIn(table: SupportTable): SupportRow[] {
  const answers: readonly SupportStatus[] = ['confirmed', 'refuted', 'depends']
  return table.claims.filter(
    ({ cells }) => unique(cells.map(({ status }) => status).filter((status) => answers.includes(status))).length > 1,
  )
}

/** The rows that any machine has something to say of, and how many others there are. */
export function testedRows(table: SupportTable): readonly [rows: readonly SupportRow[], untested: number] {
  const rows = table.claims.filter(({ cells }) =>
    cells.some(({ status }) => status !== 'not tested' && status !== 'not run'),
  )
  return [rows, table.claims.length - rows.length]
}

/** The runs of a matrix as one: what was found out on all of them, their claims judged over all. */
export function mergeRuns(
  outcomes: readonly MachineOutcome[],
  about: Pick<RunResult, 'netwright' | 'startedAt' | 'ms'>,
): RunResult {
  const runs = outcomes.flatMap((one) => ('run' in one ? [one.run] : []))
  const notRun = outcomes.flatMap((one) => ('notRun' in one ? [{ machine: one.machine, because: one.notRun }] : []))
  const claims = new Map(
    runs
      .flatMap((run) => run.claims)
      .map(({ id, document, documentTitle, says }) => [id, { id, document, documentTitle, says }]),
  )
  const scenarios = runs.flatMap((run) => run.scenarios)
  return { schemaVersion: 1, ...about, scenarios, claims: judgeClaims([...claims.values()], scenarios), notRun }
}

/** `A7` of `macvlan-in-action A7`, below the heading of its document. */
export function shortName(id: string, document: string): string {
  return id.startsWith(`${document} `) ? id.slice(document.length + 1) : id
}

const unique = <Item>(items: readonly Item[]): Item[] => [...new Set(items)]
