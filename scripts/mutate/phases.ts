import type { PlannedStep } from '../../harness/suite/plan.ts'

/** What a scenario measures at one time, and all that it does before. */
export interface Phase {
  readonly title: string
  readonly before: readonly PlannedStep[]
  readonly expectation: Extract<PlannedStep, { kind: 'expect' }>
  /** Position in the plan. */
  readonly at: number
}

/**
 * The expectations of a plan in the order in which they are measured. Where it goes back, the undo is a step of its own, so
 * that a lab can be broken between it and what it brings back.
 */
export function phasesOf(steps: readonly PlannedStep[]): Phase[] {
  const phases: Phase[] = []
  for (const [at, step] of steps.entries()) {
    const before = steps.slice(0, at)
    if (step.kind === 'expect') phases.push({ title: step.title, before, expectation: step, at })
    if (step.kind !== 'back') continue
    const remedyAt = before.findLastIndex(({ kind }) => kind === 'until')
    const remedy = before[remedyAt]
    // What a remedy was to change is what was measured last before it, be that by going back itself.
    const phase = phases.findLast((one) => one.at < remedyAt)
    if (remedy?.kind !== 'until' || remedy.undo === undefined || phase === undefined) {
      throw new Error(`step ${String(at + 1)} goes back to nothing: checkPlan refuses that`)
    }
    const undo: PlannedStep = { kind: 'given', title: `undo: ${remedy.title}`, apply: remedy.undo }
    phases.push({ title: 'and back', before: [...before, undo], expectation: phase.expectation, at })
  }
  return phases
}
