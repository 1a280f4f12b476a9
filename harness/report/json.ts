import type { CellResult, RunResult } from '../model/results.ts'
import type { Expected, Verdict } from '../model/verdict.ts'
import type { DeepReadonly } from './json-evidence.ts'
import { resultsSchema } from './json-schema.ts'
import type { Results } from './json-schema.ts'
import { totalsOf } from './summary-text.ts'

export { resultsJsonSchema, resultsSchema, type Results } from './json-schema.ts'

/**
 * The run as plain data of {@link resultsSchema}: absent values are `null`, so that every row has every field. It is
 * validated on its way out.
 */
export function resultsOf(run: RunResult): Results {
  const results: DeepReadonly<Results> = {
    schemaVersion: 1,
    netwright: run.netwright,
    startedAt: run.startedAt,
    ms: run.ms,
    rows: run.scenarios.flatMap((scenario) => {
      const { suite, claim = null, machine } = scenario
      return scenario.steps.flatMap((step) =>
        step.kind === 'expect'
          ? step.cells.map((cell) => ({
              ...{ suite, scenario: scenario.scenario, claim, step: step.title },
              ...cellOf(cell),
              machine: machineOf(machine),
            }))
          : [],
      )
    }),
    scenarios: run.scenarios.map((scenario) => ({
      suite: scenario.suite,
      scenario: scenario.scenario,
      claim: scenario.claim ?? null,
      when: scenario.when ?? null,
      topology: scenario.topology,
      status: scenario.status,
      skipReason: scenario.status === 'skipped' ? (scenario.skipReason ?? 'no reason given') : null,
      failures: scenario.failures,
      unmeasured: scenario.unmeasured,
      leftOut: scenario.leftOut ?? null,
      movedBecause: scenario.movedBecause ?? null,
      ms: scenario.ms,
      machine: machineOf(scenario.machine),
    })),
    claims: run.claims,
    totals: totalsOf(run.scenarios),
  }
  return resultsSchema.parse(results)
}

const machineOf = ({ kind, kernel, distro, arch }: RunResult['scenarios'][number]['machine']) => ({
  kind,
  kernel,
  distro,
  arch,
})

function cellOf({ from, to, address, family, proto, expected, observed, evidence, ms }: CellResult) {
  return {
    from,
    to,
    address,
    family,
    proto,
    expected: expectedOf(expected),
    observed: observedOf(observed),
    evidence,
    ms,
  }
}

function expectedOf(expected: Expected): Results['rows'][number]['expected'] {
  switch (expected.verdict) {
    case 'reached':
      return { verdict: 'reached', reason: null, at: null }
    case 'blocked':
      return { verdict: 'blocked', reason: expected.reason, at: expected.at ?? null }
  }
}

function observedOf(observed: Verdict): Results['rows'][number]['observed'] {
  switch (observed.verdict) {
    case 'reached':
      return { verdict: 'reached', reason: null, why: null, at: null, detail: null }
    case 'blocked':
      return { verdict: 'blocked', reason: observed.reason, why: null, at: observed.at, detail: null }
    case 'inconclusive':
      return { verdict: 'inconclusive', reason: null, why: observed.why, at: null, detail: observed.detail }
  }
}

/** The text of `--json`, one document. */
export function resultsJson(run: RunResult): string {
  return `${JSON.stringify(resultsOf(run), null, 2)}\n`
}
