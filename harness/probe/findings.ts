import type { Evidence, Findings, Sighting } from '../model/evidence.ts'
import { findNamespace, holderOf, ownerOf, parentOf, type Interface } from '../model/graph.ts'
import { runIn } from './ask.ts'
import { isTapOpen } from './open-tap.ts'
import { lookUpRoutes } from './route-lookups.ts'
import { validateSources } from './source-validation.ts'
import { secondLook } from './second-look.ts'
import type { Prober } from './prober.ts'
import type { Sender } from './sightings.ts'

/**
 * Looks up what the sightings call for: routes where a stack had none, rules and counters where a frame went in and
 * nothing came out. Nothing is looked up that the evidence does not ask for.
 *
 * @param senders - addresses that the probe's requests carried as their source
 */
export async function investigate(prober: Prober, evidence: Evidence, senders: readonly Sender[]): Promise<Findings> {
  const suspects = suspectNamespaces(prober, evidence)
  const [routes, socket, tap] = await Promise.all([
    lookUpRoutes(prober, evidence, suspects, senders),
    isListening(prober, evidence),
    isTapOpen(prober, evidence),
  ])
  const look = suspects.length > 0 ? await secondLook(prober, evidence.probe, suspects) : {}
  const counted = look.counters?.map(({ ns }) => ns) ?? []
  const validated = counted.length > 0 ? await validateSources(prober, evidence, counted, senders) : {}
  const unknown = [look, routes, socket, tap, validated].flatMap((found) => found.unknown ?? [])
  const asked = [...(routes.routes ?? []), ...(validated.routes ?? [])]
  return {
    ...look,
    ...(asked.length > 0 ? { routes: asked } : {}),
    ...socket,
    ...tap,
    ...(unknown.length > 0 ? { unknown } : {}),
  }
}

/** Namespaces in which the conversation ended: something came in (or was to go out) and nothing followed. */
function suspectNamespaces(prober: Prober, evidence: Evidence): string[] {
  const { outcome, sightings, probe } = evidence
  const suspects = new Set<string>()
  if (outcome.kind === 'errno' && (outcome.errno === 'EPERM' || outcome.errno === 'EACCES')) suspects.add(probe.from)
  const left = (kind: Sighting['kind']): boolean =>
    sightings.some((s) => s.kind === kind && s.ns === probe.from && s.direction === 'out')
  // Nothing to wait for kept the request in: its next hop was known, or was never asked for.
  const isResolved = sightings.some((s) => s.kind === 'advert' && s.ns === probe.from) || !left('solicit')
  if (probe.protocol.kind !== 'arp' && !left('request') && isResolved) suspects.add(probe.from)
  for (const [at, s] of sightings.entries()) {
    if (s.kind === 'error' && s.error !== undefined) {
      const by = ownerOf(prober.graph, s.error.by)
      if (by !== undefined) suspects.add(by.ns.id)
    }
    if (s.kind === 'reset' && probe.owner !== undefined) suspects.add(probe.owner)
    const isStack = prober.graph.namespaces.some((ns) => ns.id === s.ns && ns.role !== 'wire')
    const wentIn = s.direction === 'in' && isForStack(prober, s) && (s.kind === 'request' || s.kind === 'reply')
    const later = sightings.slice(at + 1)
    if (isStack && wentIn && !later.some((other) => follows(s, other, probe.owner))) suspects.add(s.ns)
  }
  for (const ns of unseenStacks(prober, evidence)) suspects.add(ns)
  return [...suspects]
}

/**
 * Stacks that ipvlan's packets pass where no capture shows it: the parent's sends on what an l3 or l3s child hands it
 * (ipvlan_process_outbound), and the child's takes what the parent's took in for it in l3s (ipvlan_nf_input).
 */
function unseenStacks({ graph }: Prober, { sightings, probe }: Evidence): string[] {
  const requests = sightings.filter((s) => s.kind === 'request')
  const [first] = requests
  const source = findNamespace(graph, probe.from)?.interfaces.find((i) => i.name === first?.dev)
  const owner = probe.owner === undefined ? undefined : findNamespace(graph, probe.owner)
  const target = owner && holderOf(owner, probe.address)
  const isMode = (dev: Interface | undefined, ...modes: string[]): dev is Interface =>
    dev?.kind === 'ipvlan' && modes.includes(dev.mode?.split(' ')[0] ?? '')
  const below = isMode(source, 'l3', 'l3s') ? parentOf(graph, source) : undefined
  const isKept = below !== undefined && requests.every((s) => s.ns === probe.from && s.direction === 'out')
  const parent = isMode(target, 'l3s') ? parentOf(graph, target) : undefined
  const cameIn = requests.some((s) => s.ns === parent?.ns.id && s.dev === parent.dev.name && s.direction === 'in')
  return [...(isKept && requests.length > 0 ? [below.ns.id] : []), ...(cameIn && owner ? [owner.id] : [])]
}

/** A bridge's own stack is addressed by the bridge's MAC, which is another than that of the port it comes in at. */
function isForStack({ graph }: Prober, { ns, dev, forOther, targetMac }: Sighting): boolean {
  if (forOther !== true) return true
  const devices = findNamespace(graph, ns)?.interfaces ?? []
  const master = devices.find((i) => i.name === dev)?.master
  return devices.some((i) => i.name === master && i.kind === 'bridge' && i.mac === targetMac)
}

/**
 * Whether a frame carries the conversation on from where another went in. What a bridge hands to its own stack has the
 * same time stamp there as at its port: the order in which both were captured tells.
 */
function follows(wentIn: Sighting, later: Sighting, owner: string | undefined): boolean {
  if (later.ns !== wentIn.ns) return false
  if (later.dev !== wentIn.dev && later.direction === 'in') return true
  // A router sends on what it got; only the target answers. Anything else is somebody's refusal.
  const answers = ['reply', 'return-solicit']
  return (
    later.direction === 'out' && (later.kind === wentIn.kind || (wentIn.ns === owner && answers.includes(later.kind)))
  )
}

async function isListening(prober: Prober, evidence: Evidence): Promise<Pick<Findings, 'listening' | 'unknown'>> {
  const { probe, sightings, outcome } = evidence
  if (!('port' in probe.protocol) || probe.owner === undefined) return {}
  const refused = sightings.some((s) => s.kind === 'reset' || s.kind === 'error') || outcome.kind === 'errno'
  if (!refused) return {}
  const { port } = probe.protocol
  const kind = probe.protocol.kind === 'tcp' ? '-ltnH' : '-lunH'
  const done = await runIn(prober, probe.owner, ['ss', kind])
  const lines =
    done?.stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '') ?? []
  const isOurs = done?.code === 0 && lines.every((line) => /^(LISTEN|UNCONN)\s/.test(line))
  if (!isOurs) return { unknown: [`the sockets of ${probe.owner} cannot be listed: ss cannot be run there`] }
  return { listening: lines.some((line) => covers(line.split(/\s+/)[3] ?? '', probe.address, port)) }
}

/** Whether a socket's local address, as ss(8) writes it, takes what is sent to an address and port. */
function covers(local: string, address: string, port: number): boolean {
  const colon = local.lastIndexOf(':')
  const [bound, dev] = local.slice(0, colon).replace(/[[\]]/g, '').split('%')
  if (local.slice(colon + 1) !== String(port)) return false
  const any = address.includes(':') ? ['*', '::'] : ['*', '0.0.0.0']
  return dev !== undefined || [...any, address, `::ffff:${address}`].includes(bound ?? '')
}
