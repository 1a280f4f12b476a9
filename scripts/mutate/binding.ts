import type { Topology } from '../../harness/lab/topology.ts'
import type { ScenarioPlan } from '../../harness/suite/plan.ts'
import { planScenario, type Scenario, type ScenarioOptions } from '../../harness/suite/scenario-builder.ts'

/** Plans of the suite file that was read last. */
export const plans: ScenarioPlan[] = []

/** Stands in for the vitest binding: what suites declare is kept. */
export function scenario<HostName extends string, Place extends string>(
  topology: Topology<HostName, Place>,
  title: string,
  options: ScenarioOptions = {},
): Scenario<HostName, Place> {
  const { plan, builder } = planScenario(topology, title, options)
  plans.push(plan)
  return builder
}
