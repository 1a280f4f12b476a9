import { NetwrightError } from '../model/errors.ts'
import type { Graph } from '../model/graph.ts'
import type { CellResult, Failure, ScenarioResult, StepResult } from '../model/results.ts'
import { protocolName } from '../model/probe.ts'
import { openLab, type Lab } from '../lab/lab.ts'
import type { Feature, Machine } from '../machines/machine.ts'
import { knownPeers } from '../probe/controls.ts'
import { watchLab, type Watch } from '../probe/watch.ts'
import { measureCells } from './measure.ts'
import type { PlannedCell, PlannedStep, ScenarioPlan } from './plan.ts'
import { checkPlan, sameCell } from './scenario-builder.ts'
import { within } from './deadline.ts'
import { timingFor } from './timing.ts'

/** What a run of one scenario may be told from outside. */
export interface RunOptions {
  /** `macvlan-in-action/host-access` */
  readonly suite: string
  /** Ends the scenario early: its lab is disposed at once. */
  readonly signal?: AbortSignal
  /** Milliseconds that a script or remedy may take; default 30 000, in a VM, whose processor may be emulated, 120 000. */
  readonly actionMs?: number
  /** Called with a lab whose scenario failed, before it is disposed; the lab lives until the promise resolves. */
  readonly onFailedLab?: (lab: Lab, result: ScenarioResult) => Promise<void>
  /** Called with the captures before the lab goes; answers the files it wrote. */
  readonly saveCaptures?: (lab: Lab, watch: Watch, graph: Graph) => Promise<readonly string[]>
}

/** Milliseconds for reading the graph of a lab whose scenario failed. */
const lastLookMs = 2000

/**
 * Runs a scenario on a machine: builds its lab, does its steps in order, and says what was found. What goes wrong is in
 * the result; nothing is thrown for a scenario that fails.
 */
export async function runScenario(plan: ScenarioPlan, machine: Machine, options: RunOptions): Promise<ScenarioResult> {
  const actionMs = options.actionMs ?? (machine.facts.kind === 'vm' ? 120_000 : 30_000)
  const result = await runInLab(plan, machine, { ...options, actionMs })
  const trouble = result.status === 'skipped' ? undefined : await machine.trouble?.()
  if (trouble === undefined) return result
  // What a kernel does after it has warned proves nothing.
  return { ...result, status: 'not met', failures: [...result.failures, { code: 'NETWRIGHT_GUEST', message: trouble }] }
}

async function runInLab(plan: ScenarioPlan, machine: Machine, options: RunOptions): Promise<ScenarioResult> {
  const run = openRun(plan, machine, options)
  const problems = checkPlan(plan)
  if (problems.length > 0) return run.finish(problems.map(failureOf))
  const reason = await missingFeature(plan, machine)
  if (reason !== undefined) return run.skip(reason)
  let lab: Lab | undefined
  const abort = (): void => void lab?.dispose()
  options.signal?.addEventListener('abort', abort)
  try {
    lab = await openLab(machine, plan.topology)
    run.lab = lab
    const ipv6 = await machine.can('ipv6')
    if (!ipv6.able) run.noIpv6 = ipv6.reason
    // Aborted while it was opened: what follows then fails at once.
    if (options.signal?.aborted === true) await lab.dispose()
    run.watch = await watchLab(lab)
    return await doSteps(run, lab, run.watch)
  } catch (error) {
    const failed = lab
    if (failed !== undefined) {
      // What made it fail may be that the lab answers no more.
      const read = (): Promise<unknown> => run.takeGraph(failed, 'when it failed')
      await within(lastLookMs, 'reading the lab', failed.journal, read).catch(() => undefined)
    }
    const result = await run.finish([failureOf(error)])
    if (lab !== undefined) await options.onFailedLab?.(lab, result)
    return result
  } finally {
    options.signal?.removeEventListener('abort', abort)
    await lab?.dispose()
  }
}

/** What a machine must be able to do for a scenario: what was declared, and IPv6 where nothing else is measured. */
export function needsOf(plan: ScenarioPlan): readonly string[] {
  const families = plan.steps.flatMap((s) => (s.kind === 'expect' ? s.cells.map((c) => c.family) : []))
  return [...new Set([...plan.needs, ...(families.length > 0 && families.every((f) => f === 6) ? ['ipv6'] : [])])]
}

async function missingFeature(plan: ScenarioPlan, machine: Machine): Promise<string | undefined> {
  for (const need of needsOf(plan)) {
    const ability = await machine.can(need as Feature)
    if (!ability.able) return ability.reason
  }
  return undefined
}

type Run = ReturnType<typeof openRun>

function openRun(plan: ScenarioPlan, machine: Machine, options: RunOptions) {
  const began = performance.now()
  const steps: StepResult[] = []
  const graphs: { label: string; graph: Graph }[] = []
  const measured = new Set<PlannedCell>()
  const leftOut = new Set<string>()
  const run = {
    plan,
    options,
    steps,
    graphs,
    measured,
    leftOut,
    lab: undefined as Lab | undefined,
    watch: undefined as Watch | undefined,
    /** Why a lab has no IPv6, where it has none. */
    noIpv6: '',
    takeGraph: async (lab: Lab, label: string): Promise<Graph> => {
      const graph = await lab.graph()
      graphs.push({ label, graph })
      return graph
    },
    skip: (reason: string): ScenarioResult => ({ ...result([], []), status: 'skipped', skipReason: reason }),
    /** The cells of a step that this machine can carry; the others are noted, each once. */
    carried: (title: string, cells: readonly PlannedCell[]): Phase['planned'] => {
      if (run.lab?.hasIpv6 !== false) return cells
      for (const cell of cells) if (cell.family === 6) leftOut.add(cellText(title, cell))
      return cells.filter((cell) => cell.family === 4)
    },
    finish: async (failures: readonly Failure[]): Promise<ScenarioResult> => {
      const last = graphs.at(-1)?.graph
      const files =
        run.lab && run.watch && last
          ? ((await options.saveCaptures?.(run.lab, run.watch, last).catch(() => [])) ?? [])
          : []
      return result(failures, files)
    },
  }
  function result(failures: readonly Failure[], files: readonly string[]): ScenarioResult {
    const unmeasured = plan.steps.flatMap((step) => unmeasuredIn(step, run.measured, run.lab?.hasIpv6 ?? true))
    const lacking = leftOut.size === 0 ? undefined : { cells: [...leftOut], reason: run.noIpv6 }
    return {
      suite: options.suite,
      scenario: plan.title,
      ...(plan.claim === undefined ? {} : { claim: plan.claim.id }),
      ...(plan.when === undefined ? {} : { when: plan.when }),
      topology: plan.topology.name,
      status: failures.length === 0 && unmeasured.length === 0 ? 'met' : 'not met',
      machine: machine.facts,
      steps,
      unmeasured,
      ...(lacking === undefined ? {} : { leftOut: lacking }),
      graphs,
      journal: run.lab?.journal.entries ?? [],
      failures,
      files,
      startedAt: new Date(performance.timeOrigin + began).toISOString(),
      ms: Math.round(performance.now() - began),
    }
  }
  return run
}

function unmeasuredIn(step: PlannedStep, measured: ReadonlySet<PlannedCell>, hasIpv6: boolean): string[] {
  if (step.kind !== 'expect') return []
  return step.cells
    .filter((cell) => !measured.has(cell) && (hasIpv6 || cell.family === 4))
    .map((cell) => cellText(step.title, cell))
}

const cellText = (title: string, { from, to, family, protocol }: PlannedCell): string => {
  const over = protocol.kind === 'icmp' ? '' : `${protocolName(protocol)}, `
  return `${title}: ${from} → ${to}, ${over}IPv${String(family)}`
}

async function doSteps(run: Run, lab: Lab, watch: Watch): Promise<ScenarioResult> {
  const { plan, options } = run
  const actionMs = options.actionMs ?? 30_000
  const peers = knownPeers()
  const failures: Failure[] = []
  /** The last measured expectation, and the one that a remedy must flip. */
  let last: Phase | undefined
  let mustFlip: { title: string; from: NonNullable<typeof last> } | undefined
  let remedy: { step: Extract<PlannedStep, { kind: 'until' }>; before: typeof last } | undefined

  async function timed(title: string, kind: 'build' | 'remedy' | 'undo', action: () => Promise<void>): Promise<void> {
    const journalFrom = lab.journal.entries.length
    const startedAt = performance.now()
    try {
      await within(actionMs, title, lab.journal, action)
    } finally {
      const ms = performance.now() - startedAt
      run.steps.push({ kind, title, ms, journal: lab.journal.entries.slice(kind === 'build' ? 0 : journalFrom) })
    }
  }

  async function expect(title: string, planned: readonly PlannedCell[]): Promise<void> {
    const startedAt = performance.now()
    const journalFrom = lab.journal.entries.length
    const cells = run.carried(title, planned)
    const graph = await run.takeGraph(lab, title)
    const timing = timingFor(lab.machine.facts.kind)
    const results = await measureCells(
      { lab, graph, watch, patience: timing.patience, peers },
      cells,
      timing.neighbours,
    )
    for (const cell of cells) run.measured.add(cell)
    run.steps.push({
      kind: 'expect',
      title,
      ms: performance.now() - startedAt,
      cells: results,
      journal: lab.journal.entries.slice(journalFrom),
      graph: run.graphs.length - 1,
    })
    if (results.some((r) => !r.met)) failures.push({ code: 'NETWRIGHT_EXPECTATION_NOT_MET', message: title })
    const now: Phase = { asked: planned, planned: cells, results }
    if (mustFlip !== undefined && !hasFlipped(mustFlip.from, now) && !mayHaveFlipped(mustFlip.from, now)) {
      failures.push({
        code: 'NETWRIGHT_REMEDY_NOT_NEEDED',
        message: `"${mustFlip.title}" changed nothing: no cell measured before and after it flipped. The remedy was not needed, or did nothing.`,
      })
    }
    mustFlip = undefined
    last = now
  }

  await timed(plan.topology.name, 'build', () => lab.build())
  for (const step of plan.steps) {
    switch (step.kind) {
      case 'expect':
        await expect(step.title, step.cells)
        break
      case 'given':
        await timed(step.title, 'remedy', () => lab.act('script', `"${step.title}"`, step.apply))
        break
      case 'until':
        remedy = { step, before: last }
        await timed(`until ${step.title}`, 'remedy', () => lab.act('remedy', `"${step.title}"`, step.apply))
        if (last !== undefined) mustFlip = { title: step.title, from: last }
        break
      case 'back': {
        const { step: applied, before } = remedy ?? {}
        const undo = applied?.undo
        if (applied === undefined || before === undefined || undo === undefined) break
        await timed(`undo: ${applied.title}`, 'undo', () => lab.act('undo', `undoing "${applied.title}"`, undo))
        if (last !== undefined) mustFlip = { title: `undo: ${applied.title}`, from: last }
        await expect('and back', before.asked)
        break
      }
      case 'finding':
        await find(run, lab, step, failures)
        break
    }
  }
  const result = await run.finish(failures)
  if (result.status === 'not met') await options.onFailedLab?.(lab, result)
  return result
}

async function find(
  run: Run,
  lab: Lab,
  step: Extract<PlannedStep, { kind: 'finding' }>,
  failures: Failure[],
): Promise<void> {
  const startedAt = performance.now()
  const journalFrom = lab.journal.entries.length
  lab.journal.author = 'check'
  let measured: boolean | 'inconclusive' = 'inconclusive'
  let found: string
  let expected = step.expected
  try {
    const answer = await within(run.options.actionMs ?? 30_000, step.title, lab.journal, () =>
      step.check({ hosts: lab.hosts, graph: lab.graph }),
    )
    measured = answer.holds
    found = answer.found
    expected = answer.expected ?? expected
  } catch (error) {
    found = failureOf(error).message
  }
  const met = measured === expected
  run.steps.push({
    kind: 'finding',
    title: step.title,
    ms: performance.now() - startedAt,
    holds: step.holds,
    expected,
    measured,
    found,
    met,
    journal: lab.journal.entries.slice(journalFrom),
  })
  if (met) return
  const code = measured === 'inconclusive' ? 'NETWRIGHT_EXPECTATION_NOT_MEASURED' : 'NETWRIGHT_EXPECTATION_NOT_MET'
  failures.push({ code, message: `${step.title}: ${found}` })
}

interface Phase {
  /** What was declared. */
  readonly asked: readonly PlannedCell[]
  /** What of it this machine can carry. */
  readonly planned: readonly PlannedCell[]
  readonly results: readonly CellResult[]
}

/** Whether a cell that both phases measured changed between reached and blocked. */
function hasFlipped(before: Phase, after: Phase): boolean {
  return after.planned.some((cell, i) => {
    const at = before.planned.findIndex((other) => sameCell(cell, other))
    const [was, is] = [before.results[at]?.observed.verdict, after.results[i]?.observed.verdict]
    return was !== undefined && is !== undefined && was !== is && was !== 'inconclusive' && is !== 'inconclusive'
  })
}

/** Whether a cell that neither phase could measure on this machine may be the one that flipped. */
function mayHaveFlipped(before: Phase, after: Phase): boolean {
  const leftOut = ({ asked, planned }: Phase): PlannedCell[] => asked.filter((cell) => !planned.includes(cell))
  return leftOut(after).some((cell) => leftOut(before).some((other) => sameCell(cell, other)))
}

function failureOf(error: unknown): Failure {
  if (error instanceof NetwrightError) return { code: error.code, message: error.message }
  return {
    code: 'NETWRIGHT_SCRIPT_FAILED',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}
