export { scenario } from './suite/vitest-binding.ts'
export type { Scenario, ScenarioOptions } from './suite/scenario-builder.ts'
