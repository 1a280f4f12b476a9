import { z } from 'zod'
import type { Errno, Evidence } from '../model/evidence.ts'

const errnos = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'ENETDOWN',
  'ENODEV',
  'EACCES',
  'EPERM',
  'EINVAL',
  'EMSGSIZE',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPROTO',
  'EOTHER',
] as const satisfies readonly Errno[]

export const familySchema = z.union([z.literal(4), z.literal(6)])
const port = z.int().min(0).max(65_535)
const microseconds = z.number().describe('Microseconds since the probe started.')

const protocolSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('icmp'), size: z.int().exactOptional(), dontFragment: z.boolean().exactOptional() }),
  z.strictObject({ kind: z.literal('arp') }),
  z.strictObject({ kind: z.literal('tcp'), port, service: z.enum(['echo', 'own']).exactOptional() }),
  z.strictObject({ kind: z.literal('udp'), port, service: z.enum(['echo', 'own']).exactOptional() }),
  z.strictObject({ kind: z.enum(['broadcast', 'multicast']), port }),
])

const probeSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  owner: z.string().exactOptional(),
  address: z.string(),
  family: familySchema,
  protocol: protocolSchema,
})

const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('reply') }),
  z.strictObject({ kind: z.literal('errno'), errno: z.enum(errnos), text: z.string() }),
  z.strictObject({ kind: z.literal('silence') }),
  z.strictObject({ kind: z.literal('tool-missing'), text: z.string() }),
  z.strictObject({ kind: z.literal('namespace-missing'), text: z.string() }),
  z.strictObject({ kind: z.literal('failed'), text: z.string() }),
])

const sightingSchema = z.strictObject({
  kind: z.enum(['solicit', 'advert', 'request', 'reply', 'return-solicit', 'return-advert', 'error', 'reset']),
  us: microseconds,
  ns: z.string(),
  dev: z.string(),
  direction: z.enum(['in', 'out']),
  forOther: z.boolean().exactOptional(),
  text: z.string(),
  sourceMac: z.string(),
  targetMac: z.string(),
  instead: z.string().exactOptional(),
  error: z.strictObject({ by: z.string(), type: z.int(), code: z.int(), name: z.string() }).exactOptional(),
})

const findingsSchema = z.strictObject({
  netfilter: z
    .array(z.strictObject({ ns: z.string(), rule: z.string(), verdict: z.enum(['drop', 'reject']) }))
    .exactOptional(),
  counters: z.array(z.strictObject({ ns: z.string(), name: z.string(), delta: z.number() })).exactOptional(),
  routes: z
    .array(
      z.strictObject({
        ns: z.string(),
        to: z.string(),
        from: z.string().exactOptional(),
        iif: z.string().exactOptional(),
        vrf: z.string().exactOptional(),
        dev: z.string().exactOptional(),
        via: z.string().exactOptional(),
        error: z.string().exactOptional(),
        rule: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
  listening: z.boolean().exactOptional(),
  tapOpen: z.boolean().exactOptional(),
  unknown: z.array(z.string()).exactOptional(),
  untraceable: z.array(z.string()).exactOptional(),
})

/** Everything that a verdict was made from: sightings, neighbours, controls and look-ups. */
export const evidenceSchema = z
  .strictObject({
    probe: probeSchema,
    outcome: outcomeSchema,
    sightings: z.array(sightingSchema),
    neighbours: z.array(
      z.strictObject({
        ns: z.string(),
        dev: z.string(),
        address: z.string(),
        state: z.string(),
        mac: z.string().exactOptional(),
      }),
    ),
    controls: z.array(
      z.strictObject({
        end: z.enum(['source', 'target']),
        from: z.string(),
        address: z.string(),
        alive: z.boolean(),
        method: z.enum(['peer', 'self', 'frames', 'errno', 'neighbour']),
        text: z.string(),
      }),
    ),
    findings: findingsSchema,
    captureProblem: z.string().exactOptional(),
    ms: z.number(),
  })
  .meta({ id: 'Evidence', description: 'What a verdict was made from.' })

/** The read-only form of what a schema describes: what the model's types are. */
export type DeepReadonly<T> = { readonly [K in keyof T]: DeepReadonly<T[K]> }

type Same<A, B> = [A, B] extends [B, A] ? true : never
/** Does not compile where this schema and `Evidence` of the model part: a change of one is a change of the other. */
const _evidenceIsTheModels: Same<DeepReadonly<z.infer<typeof evidenceSchema>>, DeepReadonly<Evidence>> = true
