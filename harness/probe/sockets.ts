import { randomBytes } from 'node:crypto'
import { broadcastOf, toBytes } from '../model/addresses.ts'
import type { Outcome } from '../model/evidence.ts'
import { findNamespace } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { FarEndError, type RunningProbe } from '../machines/channel/channel.ts'
import type { Attempt, Field, Marks } from './attempt.ts'
import { egress } from '../model/egress.ts'
import { errnoByNumber } from './errno.ts'

/** Groups that multicast probes send to: administratively scoped (RFC 2365), and organisation-local (RFC 4291). */
const probeGroup = { 4: '239.255.77.87', 6: 'ff08::4e57' } as const

/** TCP, UDP, broadcast and multicast: a token that an echo service at the target sends back. */
export function attemptSocket(field: Field, spec: ProbeSpec): Attempt {
  const { lab } = field
  const token = `nw-${randomBytes(8).toString('hex')}`
  const marks: { -readonly [K in keyof Marks]: Marks[K] } = { token: Buffer.from(token) }
  let running: RunningProbe | undefined
  let abandon: () => void = () => undefined
  const abandoned = new Promise<Outcome>((resolve) => {
    abandon = () => {
      running?.close()
      resolve({ kind: 'silence' })
    }
  })

  async function live(): Promise<Outcome> {
    const target = lab.namespaces.get(spec.from)
    if (target === undefined) return { kind: 'namespace-missing', text: `namespace ${spec.from} does not exist` }
    const protocol = spec.protocol
    if (protocol.kind === 'icmp' || protocol.kind === 'arp') throw new Error(`not a socket probe: ${protocol.kind}`)
    const group = groupAddress(field, spec)
    if (group === 'none') {
      return { kind: 'errno', errno: 'ENETUNREACH', text: `${spec.from} has no device on a subnet of ${spec.address}` }
    }
    const out = egress(field.graph, spec.from, spec.address)
    const startedAt = performance.now()
    try {
      running = await lab.channel.probe({
        net: target.path,
        family: spec.family,
        kind: protocol.kind === 'tcp' ? 'tcp' : 'udp',
        target: toBytes(group ?? spec.address),
        port: protocol.port,
        token,
        ...(group === undefined ? {} : { answerer: toBytes(spec.address) }),
        ...(group !== undefined && out !== undefined ? { device: out.name, scope: out.index } : {}),
      })
    } catch (error) {
      if (!(error instanceof FarEndError)) throw error
      return error.errno === 2
        ? { kind: 'namespace-missing', text: error.message }
        : { kind: 'failed', text: error.message }
    }
    if (running.port !== 0) marks.port = running.port
    const said = await running.outcome
    const command = `connect ${protocol.kind} ${group ?? spec.address}:${String(protocol.port)}, send ${token}, wait for its echo`
    lab.journal.note({
      host: spec.from,
      command,
      by: 'probe',
      code: said.kind === 'echo' ? 0 : 1,
      stdout: said.kind,
      stderr: said.text,
      startedAt,
    })
    switch (said.kind) {
      case 'echo':
        return { kind: 'reply' }
      case 'closed':
        return { kind: 'errno', errno: 'ECONNRESET', text: said.text }
      case 'error':
        return { kind: 'errno', errno: errnoByNumber(said.errno), text: said.text }
    }
  }
  return {
    spec,
    marks,
    outcome: Promise.race([live(), abandoned]),
    abandon: () => {
      abandon()
    },
  }
}

/** The address that a broadcast or multicast probe sends to (`none` when the source has no subnet for it), from the source's point of view. */
function groupAddress(field: Field, spec: ProbeSpec): string | undefined {
  if (spec.protocol.kind === 'multicast') return probeGroup[spec.family]
  if (spec.protocol.kind !== 'broadcast') return undefined
  const out = egress(field.graph, spec.from, spec.address)
  const own = out?.addresses.find((a) => a.family === spec.family)
  return own === undefined ? 'none' : (broadcastOf({ family: 4, address: own.address, prefix: own.prefix }) ?? 'none')
}

/**
 * Runs the echo services that the probes of a row need at their targets, for as long as `during` lasts.
 * A port that is taken there is left alone: the topology's own service has it.
 */
export async function withEchoServices<T>(
  field: Field,
  specs: readonly ProbeSpec[],
  during: () => Promise<T>,
): Promise<T> {
  const stops = new Map<string, () => void>()
  for (const spec of specs) {
    const p = spec.protocol
    if (p.kind === 'icmp' || p.kind === 'arp' || spec.owner === undefined) continue
    if ((p.kind === 'tcp' || p.kind === 'udp') && p.service === 'own') continue
    const target = field.lab.namespaces.get(spec.owner)
    const dev = findNamespace(field.graph, spec.owner)?.interfaces.find((i) =>
      i.addresses.some((a) => a.address === spec.address),
    )
    const key = [spec.owner, spec.family, p.kind, p.port].join(' ')
    if (target === undefined || stops.has(key)) continue
    const join = p.kind === 'multicast' && dev !== undefined
    const service = {
      net: target.path,
      family: spec.family,
      kind: p.kind === 'tcp' ? ('tcp' as const) : ('udp' as const),
      port: p.port,
      ...(join ? { group: { address: toBytes(probeGroup[spec.family]), ifindex: dev.index } } : {}),
    }
    try {
      stops.set(key, await field.lab.channel.listen(service))
    } catch (error) {
      if (!(error instanceof FarEndError && error.errno === 98)) throw error // EADDRINUSE
    }
  }
  try {
    return await during()
  } finally {
    for (const stop of stops.values()) stop()
  }
}
