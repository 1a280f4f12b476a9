import { test, type TestContext } from 'vitest'
import { NetwrightError, type ErrorCode } from '../model/errors.ts'
import type { Claim, ScenarioResult } from '../model/results.ts'
import type { Topology } from '../lab/topology.ts'
import { planScenario, type Scenario, type ScenarioOptions } from './scenario-builder.ts'
import { needsOf, runScenario } from './run-scenario.ts'
import type { RunOptions } from './scenario-record.ts'
import { isBundle } from './bundles.ts'
import { isCancelled, runStopped } from './cancelled.ts'
import { runSettings, titleAsked, type RunSettings } from './settings.ts'
import { scenarioFailureText } from '../report/scenario-failure.ts'
import { keepLab } from './keep-lab.ts'
import { machineOfRun } from './machine-of-run.ts'
import type { ScenarioPlan } from './plan.ts'
import { saveCaptures } from './save-captures.ts'
import { suiteName } from './suite-name.ts'

/** What is known of a scenario before it runs. */
export interface DeclaredScenario {
  readonly topology: string
  /** The hosts of its underlay. */
  readonly hosts: readonly string[]
  readonly claim?: string
  readonly when?: string
  readonly needs: readonly string[]
  /** Every claim of the scenario's document. */
  readonly documentClaims: readonly Claim[]
  /** What the scenario will measure, in words. */
  readonly expectations: readonly string[]
}

declare module 'vitest' {
  interface TaskMeta {
    /** The scenario as it was declared, for reporters: also when it never ran. */
    netwrightDeclared?: DeclaredScenario
    /** The scenario's result, for reporters. */
    netwright?: ScenarioResult
    /** Every claim of the scenario's document, so that untested rows are known. */
    netwrightClaims?: readonly Claim[]
  }
}

/** Milliseconds for one scenario, its lab included; emulated processors are slower, and several share one core. */
const scenarioMs = (machine: string): number => (machine === 'local' || machine === 'auto' ? 60_000 : 240_000)

/**
 * Declares a scenario as a vitest test. Add its steps to what it returns; it runs when vitest runs the file.
 * Scenarios of a file run side by side, each in a lab of its own.
 *
 * @example
 * scenario(macvlanBridge, 'ns → host fails until a mac0 sub-interface is added')
 *   .expect({ ns1: { ns2: reached, node1: blocked('macvlan-parent-isolation') } })
 *   .until('mac0 takes over the address of ens160', moveAddressToMac0)
 *   .expect({ ns1: { node1: reached } })
 */
export function scenario<HostName extends string, Place extends string>(
  topology: Topology<HostName, Place>,
  title: string,
  options: ScenarioOptions = {},
): Scenario<HostName, Place> {
  let begun = false
  const { plan, builder } = planScenario(topology, title, options, () => begun)
  const settings = runSettings()
  // A kept lab waits for as long as somebody looks at it.
  const timeout = settings.keep === undefined ? scenarioMs(settings.on) : 0
  const declare = titleAsked()?.test(title) === false ? test.concurrent.skip : test.concurrent
  declare(title, { timeout, meta: { netwrightDeclared: declared(plan) } }, async (context) => {
    begun = true
    const machine = await machineOfRun()
    const suite = suiteName(suiteFileOf(context.task), settings.roots)
    const found = await runScenario(plan, machine, {
      suite,
      signal: context.signal,
      ...hooks(settings, suite, plan.title),
    })
    const result = found.status === 'not met' && isCancelled(context.signal) ? stopped(found) : found
    context.task.meta.netwright = result
    context.task.meta.netwrightClaims = plan.documentClaims
    if (result.status === 'skipped') context.skip(result.skipReason)
    if (result.status === 'not met') throw notMet(result)
  })
  return builder
}

/** The steps are read when vitest asks for them, after the file has declared them. */
function declared(plan: ScenarioPlan): DeclaredScenario {
  return {
    topology: plan.topology.name,
    hosts: plan.topology.underlay.hosts.map(({ name }) => name),
    ...(plan.claim === undefined ? {} : { claim: plan.claim.id }),
    ...(plan.when === undefined ? {} : { when: plan.when }),
    get needs() {
      return needsOf(plan)
    },
    documentClaims: plan.documentClaims,
    get expectations() {
      return plan.steps.flatMap((step) => {
        if (step.kind === 'finding') return [step.title]
        if (step.kind !== 'expect') return []
        return step.cells.map((c) => `${step.title}: ${c.from} → ${c.to}, IPv${String(c.family)}`)
      })
    },
  }
}

function hooks(
  settings: RunSettings,
  suite: string,
  scenario: string,
): Pick<RunOptions, 'onFailedLab' | 'saveCaptures'> {
  const { captures, keep } = settings
  return {
    ...(captures === undefined
      ? {}
      : { saveCaptures: (_lab, watch, graph) => saveCaptures({ folder: captures, suite, scenario }, watch, graph) }),
    ...(keep === undefined ? {} : { onFailedLab: (lab, result) => keepLab(keep, lab, result) }),
  }
}

/** A lab that was taken away in the middle says nothing about the network. */
const stopped = (result: ScenarioResult): ScenarioResult => ({
  ...result,
  status: 'skipped',
  skipReason: runStopped,
  failures: [],
  unmeasured: [],
})

/** The suite file of a scenario; where vitest reads several as one, the outermost group is called by it. */
function suiteFileOf({ file, suite }: TestContext['task']): string {
  let outermost = suite
  while (outermost?.suite !== undefined) outermost = outermost.suite
  return isBundle(file.filepath) && outermost !== undefined ? outermost.name : file.filepath
}

/** The error of a scenario that was not met, without a stack: the place is in its words. */
function notMet(result: ScenarioResult): Error {
  const code = (result.failures[0]?.code ?? 'NETWRIGHT_EXPECTATION_NOT_MEASURED') as ErrorCode
  const error = new NetwrightError(code, `${result.scenario} was not met\n\n${scenarioFailureText(result)}`)
  error.stack = `${error.name}: ${error.message}`
  return error
}
