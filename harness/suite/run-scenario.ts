import type { ScenarioResult } from '../model/results.ts'
import { openLab, type Lab } from '../lab/lab.ts'
import type { Feature, Machine } from '../machines/machine.ts'
import { watchLab } from '../probe/watch.ts'
import { within } from './deadline.ts'
import type { ScenarioPlan } from './plan.ts'
import { checkPlan } from './check-plan.ts'
import { failureOf, openRun, showFailedLab, type RunOptions } from './scenario-record.ts'
import { doSteps } from './scenario-steps.ts'

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
    if (lab !== undefined) await showFailedLab(options, lab, result)
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
