import { z } from 'zod'

const statusSchema = z.enum([
  'confirmed',
  'refuted',
  'depends',
  'not supported',
  'not run',
  'not tested',
  'inconclusive',
])

/** What a machine says of a claim; `not run` where the machine never started. */
export type SupportStatus = z.infer<typeof statusSchema>

const count = z.int().min(0)

const machineSchema = z
  .strictObject({
    name: z.string().describe('As on the command line: local, vm:6.1.'),
    facts: z
      .strictObject({
        kind: z.string(),
        kernel: z.string(),
        distro: z.string(),
        arch: z.string(),
        privilege: z.string(),
      })
      .nullable()
      .describe('Absent when the machine did not start.'),
    notRun: z.string().nullable().describe('Why nothing ran on it.'),
    met: count,
    notMet: count,
    skipped: count,
    ms: z.number(),
  })
  .refine(({ facts, notRun }) => (facts === null) === (notRun !== null), {
    path: ['notRun'],
    error: 'is there exactly when the machine did not start',
  })
  .meta({ id: 'SupportMachine' })

const rowSchema = z
  .strictObject({
    id: z.string(),
    document: z.string(),
    documentTitle: z.string(),
    says: z.string(),
    cells: z
      .array(
        z.strictObject({
          machine: z.string(),
          status: statusSchema,
          because: z.string().describe('The measured ground, or the reason why there is none.'),
        }),
      )
      .describe('One per machine, in the order of the machines.'),
  })
  .meta({ id: 'SupportRow', description: 'One claim on every machine.' })

/** What `netwright matrix --json` writes. A change that breaks readers raises `schemaVersion`. */
export const supportSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    netwright: z.string().describe('Version of netwright that measured.'),
    startedAt: z.iso.datetime(),
    ms: z.number(),
    machines: z.array(machineSchema),
    claims: z.array(rowSchema),
  })
  .refine(({ machines, claims }) => claims.every(({ cells }) => cells.length === machines.length), {
    path: ['claims'],
    error: 'have not one cell for each machine',
  })
  .meta({ id: 'NetwrightSupport', title: 'Support table of netwright matrix --json, version 1' })

/** Claims × machines. */
export type SupportTable = z.infer<typeof supportSchema>
export type SupportMachine = SupportTable['machines'][number]
export type SupportRow = SupportTable['claims'][number]

/** {@link supportSchema} as JSON Schema (draft 2020-12). */
export function supportJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(supportSchema), null, 2)}\n`
}
