import type { Control } from '../model/evidence.ts'
import { findNamespace } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { readPing } from './icmp.ts'
import type { KnownPeers, Prober } from './prober.ts'
import { startAttempt } from './start-attempt.ts'

/** Milliseconds that a control may take; a living peer answers in less than one. */
const controlMs = 400

export function knownPeers(): KnownPeers {
  const known = new Map<string, Set<string>>()
  return {
    note: (spec) => {
      const peers = known.get(spec.address) ?? new Set()
      known.set(spec.address, peers.add(spec.from))
    },
    for: (address) => [...(known.get(address) ?? [])],
  }
}

/**
 * Shows that the target of an unanswered probe is alive: another namespace reaches it by the same protocol, or,
 * where none can, its own stack answers itself.
 */
export async function controlsFor(prober: Prober, spec: ProbeSpec): Promise<Control[]> {
  if (spec.owner === undefined) return []
  const [first, ...others] = candidates(prober, spec)
  if (first !== undefined) {
    const control = await askPeer(prober, spec, first)
    if (control.alive) return [control]
  }
  const asked = await Promise.all(others.map((peer) => askPeer(prober, spec, peer)))
  const alive = asked.find((c) => c.alive)
  return alive ? [alive] : [await askSelf(prober, spec, spec.owner)]
}

/** Namespaces that may reach the target, the likeliest first: those that did, then hosts, then the rest. */
function candidates(prober: Prober, spec: ProbeSpec): string[] {
  const proven = prober.peers.for(spec.address)
  const others = prober.graph.namespaces
    .filter((ns) => ns.role !== 'wire' && ns.interfaces.some((i) => i.kind !== 'loopback' && i.addresses.some((a) => a.family === spec.family)))
    .map((ns) => ns.id)
  const ownHost = (spec.owner ?? '').split('/')[0]
  const foreign = others.filter((id) => id.split('/')[0] !== ownHost)
  const ordered = [...proven, ...foreign.filter((id) => !id.includes('/')), ...foreign, ...others]
  return [...new Set(ordered)].filter((id) => id !== spec.from && id !== spec.owner)
}

async function askPeer(prober: Prober, spec: ProbeSpec, peer: string): Promise<Control> {
  const protocol = spec.protocol.kind === 'broadcast' || spec.protocol.kind === 'multicast' || spec.protocol.kind === 'arp'
    ? ({ kind: 'icmp' } as const)
    : spec.protocol
  const asked: ProbeSpec = { ...spec, from: peer, protocol }
  const attempt = startAttempt(prober, asked)
  const backstop = setTimeout(() => { attempt.abandon() }, controlMs)
  const outcome = await attempt.outcome
  clearTimeout(backstop)
  const alive = outcome.kind === 'reply'
  if (alive) prober.peers.note(asked)
  const text = alive ? `${peer} reached ${spec.address} in the same window` : `${peer} could not reach ${spec.address}`
  return { end: 'target', from: peer, address: spec.address, alive, method: 'peer', text }
}

/**
 * The target pings its own address. That travels by `lo`, which the documents leave down in fresh namespaces: it is
 * raised for the question and put back. With the address's device down, the loopback address is asked instead.
 */
async function askSelf(prober: Prober, spec: ProbeSpec, owner: string): Promise<Control> {
  const { lab, graph } = prober
  const control = { end: 'target', from: owner, method: 'self' } as const
  const target = lab.namespaces.get(owner)
  const interfaces = findNamespace(graph, owner)?.interfaces ?? []
  if (target === undefined) {
    return { ...control, address: spec.address, alive: false, text: `namespace ${owner} is gone` }
  }
  const holder = interfaces.find((i) => i.addresses.some((a) => a.address === spec.address))
  const address = holder?.up === true ? spec.address : spec.family === 4 ? '127.0.0.1' : '::1'
  const wasUp = interfaces.find((i) => i.name === 'lo')?.up === true
  const ask = `ping ${spec.family === 6 ? '-6' : '-4'} -n -c 1 -W 1 ${address}`
  const script = wasUp ? ask : `ip link set lo up && { ${ask}; code=$?; ip addr flush dev lo; ip link set lo down; exit $code; }`
  const startedAt = performance.now()
  const done = await lab.channel.run(['sh', '-c', script], { place: target.place, env: lab.machine.environment, timeoutMs: 3000 })
  const [stdout, stderr] = [done.stdout.toString(), done.stderr.toString()]
  lab.journal.note({ host: owner, command: script, by: 'probe', code: done.code, signal: done.signal, stdout, stderr, startedAt })
  const alive = readPing(done.code, stdout, stderr).kind === 'reply'
  const text = alive ? `${owner} answers itself at ${address}` : `${owner} does not even answer itself at ${address}`
  return { ...control, address, alive, text }
}
