import type { Failure, ScenarioResult } from '../model/results.ts'
import type { Lab } from '../lab/lab.ts'
import { knownPeers } from '../probe/controls.ts'
import type { Watch } from '../probe/watch.ts'
import { within } from './deadline.ts'
import { hasFlipped, mayHaveFlipped, type Phase } from './flips.ts'
import { measureCells } from './measure.ts'
import type { PlannedCell, PlannedStep } from './plan.ts'
import { failureOf, showFailedLab, type Run } from './scenario-record.ts'
import { timingFor } from './timing.ts'

/** Builds the lab and does the steps in order; what a step finds wrong does not keep the next from being done. */
export async function doSteps(run: Run, lab: Lab, watch: Watch): Promise<ScenarioResult> {
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
  if (result.status === 'not met') await showFailedLab(options, lab, result)
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
