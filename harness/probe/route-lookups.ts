import { z } from 'zod'
import type { Evidence, Findings } from '../model/evidence.ts'
import { findNamespace } from '../model/graph.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'

/**
 * Asks stacks for the routes that a probe needed there.
 *
 * @param suspects - namespaces in which the conversation ended
 * @param senders - addresses that the probe's requests carried as their source
 */
export async function lookUpRoutes(
  prober: Prober,
  evidence: Evidence,
  suspects: readonly string[],
  senders: readonly string[],
): Promise<Pick<Findings, 'routes' | 'unknown'>> {
  const { probe, outcome } = evidence
  const questions: RouteQuestion[] = []
  if (outcome.kind === 'errno') questions.push({ ns: probe.from, to: probe.address })
  for (const ns of suspects) {
    if (ns === probe.from) continue
    const back = { ns, from: probe.address, ...cameInBy(prober, evidence, ns, 'reply') }
    const answer = { ns, from: probe.address, ...answersBy(prober, evidence, ns) }
    for (const to of senders) questions.push({ to, ...(ns === probe.owner ? answer : back) })
    if (ns === probe.owner) continue
    const forth = cameInBy(prober, evidence, ns, 'request')
    for (const from of senders.slice(0, 1)) questions.push({ ns, to: probe.address, from, ...forth })
  }
  const unknown: string[] = []
  const answers = await Promise.all(
    questions.map(async (question) => {
      const { ns, to, from, iif, vrf } = question
      // What a stack is asked to send by an address that it has not, it refuses.
      const about = [
        ...(iif === undefined || from === undefined ? [] : ['from', from, 'iif', iif]),
        ...(vrf === undefined ? [] : ['vrf', vrf]),
      ]
      const done = await runIn(prober, ns, ['ip', '-j', 'route', 'get', to, ...about])
      if (done === undefined) unknown.push(`the route to ${to} cannot be looked up in ${ns}: ip cannot be run there`)
      if (done === undefined) return []
      const asked = {
        ns,
        to,
        ...(iif === undefined || from === undefined ? {} : { from, iif }),
        ...(vrf === undefined ? {} : { vrf }),
      }
      if (done.code !== 0) return [{ ...asked, error: done.stderr.toString().trim() }]
      const route = firstRoute(done.stdout.toString())
      return [
        {
          ...asked,
          ...(route.dev === undefined ? {} : { dev: route.dev }),
          ...(route.gateway === undefined ? {} : { via: route.gateway }),
        },
      ]
    }),
  )
  const routes = answers.flat()
  return { ...(routes.length > 0 ? { routes } : {}), ...(unknown.length > 0 ? { unknown } : {}) }
}

/** What a namespace is asked about its routes, and on behalf of which packet. */
interface RouteQuestion {
  readonly ns: string
  readonly to: string
  readonly from?: string
  readonly iif?: string
  readonly vrf?: string
}

/** The device by which a packet of the probe came in at a namespace that should have sent it on. */
function cameInBy(
  { graph }: Prober,
  { sightings }: Evidence,
  ns: string,
  kind: 'request' | 'reply',
): Pick<RouteQuestion, 'iif'> {
  const came = sightings.find((s) => s.ns === ns && s.kind === kind && s.direction === 'in' && s.forOther !== true)
  const dev = findNamespace(graph, ns)?.interfaces.find((i) => i.name === came?.dev)
  // A bridge's stack gets its packets by the bridge.
  const isPort = dev?.port !== undefined
  return dev === undefined ? {} : { iif: isPort ? (dev.master ?? dev.name) : dev.name }
}

/** A stack answers by the table of the vrf device whose port the request came in by. */
function answersBy({ graph }: Prober, { sightings }: Evidence, ns: string): Pick<RouteQuestion, 'vrf'> {
  const devices = findNamespace(graph, ns)?.interfaces ?? []
  const came = sightings.find((s) => s.ns === ns && s.kind === 'request' && s.direction === 'in')
  const master = devices.find((i) => i.name === came?.dev)?.master
  const vrf = devices.find((i) => i.name === master && i.kind === 'vrf')?.name
  return vrf === undefined ? {} : { vrf }
}

const routeGetOutput = z.array(z.object({ dev: z.string().optional(), gateway: z.string().optional() }))

function firstRoute(text: string): { dev?: string | undefined; gateway?: string | undefined } {
  try {
    return routeGetOutput.parse(JSON.parse(text))[0] ?? {}
  } catch {
    return {} // not ip's own words: nothing is known by them
  }
}
