import type { Evidence, Findings, Sighting } from '../model/evidence.ts'
import { ownerOf } from '../model/graph.ts'
import { runIn } from './ask.ts'
import { secondLook } from './second-look.ts'
import type { Prober } from './prober.ts'

/**
 * Looks up what the sightings call for: routes where a stack had none, rules and counters where a frame went in and
 * nothing came out. Nothing is looked up that the evidence does not ask for.
 */
export async function investigate(prober: Prober, evidence: Evidence): Promise<Findings> {
  const suspects = suspectNamespaces(prober, evidence)
  const [routes, look, listening] = await Promise.all([
    lookUpRoutes(prober, evidence, suspects),
    suspects.length > 0 ? secondLook(prober, evidence.probe, suspects) : Promise.resolve({}),
    isListening(prober, evidence),
  ])
  return { ...look, ...(routes.length > 0 ? { routes } : {}), ...(listening === undefined ? {} : { listening }) }
}

/** Namespaces in which the conversation ended: something came in (or was to go out) and nothing followed. */
export function suspectNamespaces(prober: Prober, evidence: Evidence): string[] {
  const { outcome, sightings, probe } = evidence
  const suspects = new Set<string>()
  if (outcome.kind === 'errno' && (outcome.errno === 'EPERM' || outcome.errno === 'EACCES')) suspects.add(probe.from)
  for (const s of sightings) {
    if (s.kind === 'error' && s.error !== undefined) {
      const by = ownerOf(prober.graph, s.error.by)
      if (by !== undefined) suspects.add(by.ns.id)
    }
    if (s.kind === 'reset' && probe.owner !== undefined) suspects.add(probe.owner)
    const isStack = prober.graph.namespaces.some((ns) => ns.id === s.ns && ns.role !== 'wire')
    const wentIn = s.direction === 'in' && s.forOther !== true && (s.kind === 'request' || s.kind === 'reply')
    if (isStack && wentIn && !sightings.some((later) => follows(s, later))) suspects.add(s.ns)
  }
  return [...suspects]
}

/** Whether a frame carries the conversation on from where another went in. */
function follows(wentIn: Sighting, later: Sighting): boolean {
  if (later === wentIn || later.ns !== wentIn.ns || later.us < wentIn.us) return false
  return later.direction === 'out' || later.dev !== wentIn.dev
}

async function lookUpRoutes(prober: Prober, evidence: Evidence, suspects: readonly string[]) {
  const { probe, outcome } = evidence
  const questions: { ns: string; to: string }[] = []
  if (outcome.kind === 'errno') questions.push({ ns: probe.from, to: probe.address })
  const source = prober.graph.namespaces
    .find((ns) => ns.id === probe.from)
    ?.interfaces.flatMap((i) => (i.kind === 'loopback' ? [] : i.addresses))
    .find((a) => a.family === probe.family)?.address
  for (const ns of suspects) {
    if (source !== undefined && ns !== probe.from) questions.push({ ns, to: source })
    if (ns !== probe.from && ns !== probe.owner) questions.push({ ns, to: probe.address })
  }
  const answers = await Promise.all(
    questions.map(async ({ ns, to }) => {
      const done = await runIn(prober, ns, ['ip', '-j', 'route', 'get', to])
      if (done === undefined) return []
      if (done.code !== 0) return [{ ns, to, error: done.stderr.toString().trim() }]
      const [route] = JSON.parse(done.stdout.toString()) as { dev?: string; gateway?: string; type?: string }[]
      return [
        {
          ns,
          to,
          ...(route?.dev === undefined ? {} : { dev: route.dev }),
          ...(route?.gateway === undefined ? {} : { via: route.gateway }),
        },
      ]
    }),
  )
  return answers.flat()
}

async function isListening(prober: Prober, evidence: Evidence): Promise<boolean | undefined> {
  const { probe, sightings, outcome } = evidence
  if (!('port' in probe.protocol) || probe.owner === undefined) return undefined
  const refused = sightings.some((s) => s.kind === 'reset' || s.kind === 'error') || outcome.kind === 'errno'
  if (!refused) return undefined
  const kind = probe.protocol.kind === 'tcp' ? '-ltnH' : '-lunH'
  const done = await runIn(prober, probe.owner, ['ss', kind, `sport = :${String(probe.protocol.port)}`])
  return done?.code === 0 ? done.stdout.toString().trim() !== '' : undefined
}
