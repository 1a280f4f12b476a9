import { z } from 'zod'
import type { CellResult, RunResult } from '../model/results.ts'
import { reasonNames, whyNames } from '../model/verdict.ts'
import type { Expected, Verdict } from '../model/verdict.ts'
import type { DeepReadonly } from './json-evidence.ts'
import { evidenceSchema, familySchema } from './json-evidence.ts'
import { totalsOf } from './summary-text.ts'

const absent = z.null()
const reason = z.enum(reasonNames)

const expectedSchema = z.discriminatedUnion('verdict', [
  z.strictObject({ verdict: z.literal('reached'), reason: absent, at: absent }),
  z.strictObject({ verdict: z.literal('blocked'), reason, at: z.string().nullable() }),
])

const observedSchema = z.discriminatedUnion('verdict', [
  z.strictObject({ verdict: z.literal('reached'), reason: absent, why: absent, at: absent, detail: absent }),
  z.strictObject({ verdict: z.literal('blocked'), reason, why: absent, at: z.string(), detail: absent }),
  z.strictObject({
    verdict: z.literal('inconclusive'),
    reason: absent,
    why: z.enum(whyNames),
    at: absent,
    detail: z.string(),
  }),
])

const machineSchema = z.strictObject({
  kind: z.string().describe('local, container, vm or vagrant.'),
  kernel: z.string().describe('Kernel release.'),
  distro: z.string(),
  arch: z.string(),
})

const rowSchema = z
  .strictObject({
    suite: z.string(),
    scenario: z.string(),
    claim: z.string().nullable(),
    step: z.string().describe('Title of the expectation that asked for this cell.'),
    from: z.string(),
    to: z.string(),
    address: z.string(),
    family: familySchema,
    proto: z
      .string()
      .describe('icmp, arp, or a protocol with its port: tcp/PORT, udp/PORT, broadcast/PORT, multicast/PORT.'),
    expected: expectedSchema,
    observed: observedSchema,
    evidence: evidenceSchema,
    ms: z.number(),
    machine: machineSchema,
  })
  .meta({ id: 'Row', description: 'One measured cell of a connectivity matrix.' })

const scenarioSchema = z
  .strictObject({
    suite: z.string(),
    scenario: z.string(),
    claim: z.string().nullable(),
    when: z.string().nullable(),
    topology: z.string(),
    status: z.enum(['met', 'not met', 'skipped']),
    skipReason: z.string().nullable().describe('Present exactly when the scenario was skipped.'),
    failures: z.array(z.strictObject({ code: z.string(), message: z.string() })),
    unmeasured: z.array(z.string()),
    ms: z.number(),
    machine: machineSchema,
  })
  .refine(({ status, skipReason }) => (status === 'skipped') === (skipReason !== null), {
    path: ['skipReason'],
    error: 'is there exactly when the scenario was skipped',
  })
  .meta({ id: 'Scenario' })

const claimSchema = z
  .strictObject({
    id: z.string(),
    document: z.string(),
    documentTitle: z.string(),
    says: z.string(),
    status: z.enum(['confirmed', 'refuted', 'depends', 'not supported', 'not tested', 'inconclusive']),
    because: z.string(),
    scenarios: z.array(z.string()),
  })
  .meta({ id: 'Claim' })

const count = z.int().min(0)

/** What `netwright run --json` writes. A change that breaks readers raises `schemaVersion`. */
export const resultsSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    netwright: z.string().describe('Version of netwright that measured.'),
    startedAt: z.iso.datetime(),
    ms: z.number(),
    rows: z.array(rowSchema),
    scenarios: z.array(scenarioSchema),
    claims: z.array(claimSchema),
    totals: z.strictObject({
      met: count,
      notMet: count,
      skipped: count,
      reasons: z.array(z.strictObject({ reason: z.string(), count })),
    }),
  })
  .refine(({ scenarios, totals }) => totals.met + totals.notMet + totals.skipped === scenarios.length, {
    path: ['totals'],
    error: 'do not add up to the number of scenarios',
  })
  .meta({ id: 'NetwrightResults', title: 'Results of netwright run --json, version 1' })

export type Results = z.infer<typeof resultsSchema>

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

function expectedOf(expected: Expected): z.infer<typeof expectedSchema> {
  switch (expected.verdict) {
    case 'reached':
      return { verdict: 'reached', reason: null, at: null }
    case 'blocked':
      return { verdict: 'blocked', reason: expected.reason, at: expected.at ?? null }
  }
}

function observedOf(observed: Verdict): z.infer<typeof observedSchema> {
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

/** {@link resultsSchema} as JSON Schema (draft 2020-12), as `netwright schema` prints it. */
export function resultsJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(resultsSchema), null, 2)}\n`
}
