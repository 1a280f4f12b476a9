import { relative } from 'node:path'
import { test, type TestContext } from 'vitest'
import { NetwrightError, type ErrorCode } from '../model/errors.ts'
import type { Claim, ScenarioResult } from '../model/results.ts'
import type { Topology } from '../lab/topology.ts'
import type { Machine } from '../machines/machine.ts'
import { planScenario, type Scenario, type ScenarioOptions } from './scenario-builder.ts'
import { runScenario } from './run-scenario.ts'
import { runSettings } from './settings.ts'
import { failureMessage } from './failure-message.ts'
import { machineFor } from './machine-for.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The scenario's result, for reporters. */
    netwright?: ScenarioResult
    /** Every claim of the scenario's document, so that untested rows are known. */
    netwrightClaims?: readonly Claim[]
  }
}

/** Milliseconds for one scenario, its lab included. */
const scenarioMs = 60_000

let shared: Promise<Machine> | undefined

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
  test.concurrent(title, { timeout: scenarioMs }, async (context) => {
    begun = true
    const settings = runSettings()
    const machine = await (shared ??= machineFor(settings.on))
    const result = await runScenario(plan, machine, {
      suite: suiteName(context, settings.root),
      signal: context.signal,
      ...settings.hooks,
    })
    context.task.meta.netwright = result
    context.task.meta.netwrightClaims = plan.documentClaims
    if (result.status === 'skipped') context.skip(result.skipReason)
    if (result.status === 'not met') throw notMet(result)
  })
  return builder
}

function suiteName(context: TestContext, root: string): string {
  return relative(root, context.task.file.filepath).replace(/\.suite\.ts$|\.test\.ts$|\.[cm]?[jt]s$/, '')
}

/** The error of a scenario that was not met, without a stack: the place is in its words. */
function notMet(result: ScenarioResult): Error {
  const code = (result.failures[0]?.code ?? 'NETWRIGHT_EXPECTATION_NOT_MEASURED') as ErrorCode
  const error = new NetwrightError(code, failureMessage(result))
  error.stack = `${error.name}: ${error.message}`
  return error
}
