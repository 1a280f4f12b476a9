import { z } from 'zod'
import { reasonNames, whyNames } from '../model/verdict.ts'
import { evidenceSchema, familySchema } from './json-evidence.ts'

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
      .describe(
        'icmp or icmp/BYTES, with /df at its end where it may not be fragmented; arp; tcp/PORT or udp/PORT, with /own at its end ' +
          'where the topology brings the service; broadcast/PORT; multicast/PORT.',
      ),
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
    leftOut: z
      .strictObject({ cells: z.array(z.string()), reason: z.string() })
      .nullable()
      .optional()
      .describe('Cells that the machine cannot carry, and why: not measured, and not part of the status.'),
    movedBecause: z
      .string()
      .nullable()
      .optional()
      .describe('What the lightest machine lacks, where that is why the scenario ran on this one (`--on auto`).'),
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

/** A run as `netwright run --json` writes it: what {@link resultsSchema} accepts. */
export type Results = z.infer<typeof resultsSchema>

/** {@link resultsSchema} as JSON Schema (draft 2020-12), as `netwright schema` prints it. */
export function resultsJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(resultsSchema), null, 2)}\n`
}
