import { NetwrightError } from '../model/errors.ts'
import { protocolName } from '../model/probe.ts'
import type { PlannedCell, PlannedStep, ScenarioPlan } from './plan.ts'

/** Mistakes that only the whole plan shows. */
export function checkPlan(plan: ScenarioPlan): readonly NetwrightError[] {
  const { steps, problems } = plan
  const place = `scenario "${plan.title}"`
  const problem = (what: string, next: string): NetwrightError =>
    new NetwrightError('NETWRIGHT_BAD_SCENARIO', what, { place, next })
  const measures = steps.some((s) => s.kind === 'expect' || s.kind === 'finding')
  if (!measures && problems.length === 0) {
    const next = 'Add .expect({ from: { to: reached } }) or .finding(…).'
    return [new NetwrightError('NETWRIGHT_EMPTY_SCENARIO', 'The scenario measures nothing', { place, next })]
  }
  const found = steps.flatMap((step, at): NetwrightError[] => {
    if (step.kind !== 'until' && step.kind !== 'back') return []
    const name = step.kind === 'back' ? 'andBack' : `until "${step.title}"`
    if (step.kind === 'back' && undoneBy(steps, at) === undefined) {
      const next = 'Give until(…) a third argument that takes the remedy back.'
      return [problem('andBack has no remedy with an undo before it', next)]
    }
    if (!canFlip(steps, at)) {
      const next =
        step.kind === 'back'
          ? 'At least one cell that was expected last before the remedy must be in the last expectation before andBack.'
          : 'At least one cell must be expected before and after it.'
      return [problem(`${name} has nothing to flip`, next)]
    }
    const beside = besideIt(steps, at)
    if (beside === undefined) return []
    const what = 'title' in beside ? `${beside.kind} "${beside.title}"` : beside.kind
    const next = 'Measure between the two, or do both in one step: the scenario cannot tell which of them was needed.'
    return [problem(`${what} may be what flips the cells of ${name}`, next)]
  })
  return [...problems, ...found]
}

/** Whether two cells are the same probe between the same places. */
export function sameCell(a: PlannedCell, b: PlannedCell): boolean {
  return (
    a.from === b.from && a.to === b.to && a.family === b.family && protocolName(a.protocol) === protocolName(b.protocol)
  )
}

const isMeasurement = ({ kind }: PlannedStep): boolean => kind === 'expect' || kind === 'back'

/** The position of the remedy that an `andBack` takes back; none when it has been taken back already. */
function undoneBy(steps: readonly PlannedStep[], at: number): number | undefined {
  const last = steps.slice(0, at).findLastIndex(({ kind }) => kind === 'until' || kind === 'back')
  const remedy = steps[last]
  return remedy?.kind === 'until' && remedy.undo !== undefined ? last : undefined
}

/** What was measured last before a step; `andBack` measures what was measured before its remedy. */
function measuredBefore(steps: readonly PlannedStep[], at: number): readonly PlannedCell[] {
  const last = steps.slice(0, at).findLastIndex(isMeasurement)
  const step = steps[last]
  if (step?.kind === 'expect') return step.cells
  const remedy = step?.kind === 'back' ? undoneBy(steps, last) : undefined
  return remedy === undefined ? [] : measuredBefore(steps, remedy)
}

/** What is measured to see what a remedy, or going back, did. */
function measuredBy(steps: readonly PlannedStep[], at: number): readonly PlannedCell[] {
  if (steps[at]?.kind === 'back') return measuredBefore(steps, at + 1)
  const next = steps.slice(at + 1).find(isMeasurement)
  return next?.kind === 'expect' ? next.cells : []
}

/** Whether a cell that was measured last before a remedy, or before going back, is what is measured next. */
function canFlip(steps: readonly PlannedStep[], at: number): boolean {
  const before = measuredBefore(steps, at)
  return measuredBy(steps, at).some((cell) => before.some((other) => sameCell(cell, other)))
}

/** What else is done between the two measurements of which a remedy, or its undo, must flip a cell. */
function besideIt(steps: readonly PlannedStep[], at: number): PlannedStep | undefined {
  const since = steps.slice(0, at).findLastIndex(isMeasurement)
  const until = steps.findIndex((step, i) => i >= at && isMeasurement(step))
  // Of two remedies in a row, the first is told of.
  return steps.find((step, i) => {
    return (step.kind === 'given' && i > since && i < until) || (step.kind === 'until' && i > at && i < until)
  })
}
