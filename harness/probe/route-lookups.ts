import { z } from 'zod'
import { familyOf } from '../model/addresses.ts'
import type { Evidence, Findings, Sighting } from '../model/evidence.ts'
import { findNamespace, holderOf } from '../model/graph.ts'
import { runIn } from './ask.ts'
import { readPolicyRules, ruleAgainst } from './policy-rules.ts'
import type { Prober } from './prober.ts'
import type { Sender } from './sightings.ts'

/** What `ip route get` says where no route matches, and not for a route that refuses (blackhole, prohibit, unreachable). */
const noRouteText = /network is unreachable/i

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
  senders: readonly Sender[],
): Promise<Pick<Findings, 'routes' | 'unknown'>> {
  const { probe, outcome, sightings } = evidence
  const questions: RouteQuestion[] = []
  const hasLeft = sightings.some((s) => s.ns === probe.from && s.direction === 'out' && isForth(s))
  if (outcome.kind === 'errno' || !hasLeft) questions.push({ ns: probe.from, to: probe.address, isRefused: true })
  for (const ns of suspects) {
    if (ns === probe.from) continue
    const seenHere = senders.filter((sender) => sender.ns === ns)
    const known = new Set((seenHere.length > 0 ? seenHere : senders).map(({ address }) => address))
    if (ns === probe.owner) {
      const vrf = answersBy(prober, evidence, ns)
      for (const to of known)
        for (const from of answersFrom(prober, evidence)) questions.push({ ns, to, ...from, ...vrf })
      continue
    }
    // What a stack is asked to send by an address that it has not, it refuses: it is asked for what came in.
    const back = cameInBy(prober, evidence, ns, 'reply')
    const homes = back === undefined ? [] : new Set(senders.map(({ address }) => address))
    for (const to of homes) questions.push({ ns, to, from: probe.address, ...back })
    const forth = cameInBy(prober, evidence, ns, 'request')
    const [from] = known
    if (from !== undefined) questions.push({ ns, to: probe.address, isRefused: true, ...(forth && { from, ...forth }) })
  }
  return askRoutes(prober, questions)
}

/** Asks stacks for routes, all at once; what is refused is held against the rules there. */
export async function askRoutes(
  prober: Prober,
  questions: readonly RouteQuestion[],
): Promise<Pick<Findings, 'routes' | 'unknown'>> {
  const unknown = new Set<string>()
  const rules = new Map<string, ReturnType<typeof readPolicyRules>>()
  const answers = await Promise.all(
    questions.map(async ({ ns, to, from, iif, vrf, isRefused = false }) => {
      const about = {
        ...(from === undefined ? {} : { from }),
        ...(iif === undefined ? {} : { iif }),
        ...(vrf === undefined ? {} : { vrf }),
      }
      const done = await runIn(prober, ns, ['ip', '-j', 'route', 'get', to, ...Object.entries(about).flat()])
      if (done === undefined) unknown.add(`the route to ${to} cannot be looked up in ${ns}: ip cannot be run there`)
      if (done === undefined) return []
      const asked = { ns, to, ...about }
      if (done.code === 0) {
        const { dev, gateway } = firstRoute(done.stdout.toString())
        return [{ ...asked, ...(dev === undefined ? {} : { dev }), ...(gateway === undefined ? {} : { via: gateway }) }]
      }
      const error = done.stderr.toString().trim()
      if (!noRouteText.test(error)) return [{ ...asked, error }]
      const family = familyOf(to) ?? 4
      const key = `${ns} ${String(family)}`
      const reading = rules.get(key) ?? readPolicyRules(prober, ns, family)
      rules.set(key, reading)
      const known = await reading
      if (known === undefined) unknown.add(`the rules of ${ns} cannot be read: ip cannot be run there`)
      if (known === undefined) return []
      const rule = ruleAgainst(prober, known, { ns, to, isRefused, ...about })
      return [{ ...asked, error, ...(rule === undefined ? {} : { rule }) }]
    }),
  )
  const routes = answers.flat()
  return { ...(routes.length > 0 ? { routes } : {}), ...(unknown.size > 0 ? { unknown: [...unknown] } : {}) }
}

/** What a namespace is asked about its routes, and on behalf of which packet. */
export interface RouteQuestion {
  readonly ns: string
  readonly to: string
  readonly from?: string
  readonly iif?: string
  readonly vrf?: string
  /** The stack itself refuses such packets, if there is no route: it knows all of them, and is asked only why. */
  readonly isRefused?: boolean
}

const isForth = ({ kind }: Sighting): boolean => kind === 'solicit' || kind === 'request'

/** The device by which a packet of the probe came in at a namespace that should have sent it on. */
export function cameInBy(
  { graph }: Prober,
  { sightings }: Evidence,
  ns: string,
  kind: 'request' | 'reply',
): Pick<RouteQuestion, 'iif'> | undefined {
  const came = sightings.find((s) => s.ns === ns && s.kind === kind && s.direction === 'in' && s.forOther !== true)
  const dev = findNamespace(graph, ns)?.interfaces.find((i) => i.name === came?.dev)
  // A bridge's stack gets its packets by the bridge.
  const isPort = dev?.port !== undefined
  return dev === undefined ? undefined : { iif: isPort ? (dev.master ?? dev.name) : dev.name }
}

/**
 * By which source address the target's stack asks for its route back. It answers echo requests and connections from the address
 * that was asked; a UDP service that is bound to none, as the harness's own, asks before it has one (udp_sendmsg), and of one of the
 * topology's it is not known. A stack refuses to be asked by an address that it has not.
 */
function answersFrom({ graph }: Prober, { probe }: Evidence): readonly Pick<RouteQuestion, 'from'>[] {
  const owner = probe.owner === undefined ? undefined : findNamespace(graph, probe.owner)
  const own = { from: probe.address }
  if (owner === undefined || holderOf(owner, probe.address) === undefined) return [{}]
  switch (probe.protocol.kind) {
    case 'icmp':
    case 'arp':
    case 'tcp':
      return [own]
    case 'udp':
      return probe.protocol.service === 'own' ? [{}, own] : [{}]
    case 'broadcast':
    case 'multicast':
      return [{}]
  }
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
