import type { UnderlaySpec, WireSpec } from '../model/underlay-spec.ts'
import type { CableEnd, Channel, Spread } from '../machines/channel/channel.ts'
import { wireHost } from './namespace-paths.ts'
import { handleOf, type Handles, type Laying } from './underlay-batch.ts'

/** A wire's switch on one machine. A wire with hosts on several machines has one on each, joined by a cable. */
export interface WirePart {
  readonly wire: WireSpec
  /** What paths of its machine begin with. */
  readonly root: string
  /** Names it among all holders; a wire's first part is called as the wire. */
  readonly key: string
}

/** The parts of a wire: one on each machine that has a host on it, in the order of the machines. */
export function wireParts(underlay: UnderlaySpec, wire: WireSpec, spread: Spread | undefined): readonly WirePart[] {
  const hosts = underlay.hosts.filter(({ nics }) => nics.some((nic) => nic.wire === wire.name))
  const used = new Set(hosts.map(({ name }) => spread?.rootOf(name) ?? ''))
  const roots = spread?.machines.map(({ root }) => root).filter((root) => used.has(root)) ?? []
  const name = wireHost(wire.name)
  return (roots.length === 0 ? [''] : roots).map((root, i) => ({ wire, root, key: i === 0 ? name : `${name} ${root}` }))
}

/** Joins the parts of a wire; answers an end for each, or none where there is only one part. */
export async function layCable(
  { channel, journal }: Laying,
  handles: Handles,
  parts: readonly WirePart[],
): Promise<readonly CableEnd[]> {
  const [first] = parts
  if (channel.spread === undefined || first === undefined || parts.length === 1) return []
  const startedAt = performance.now()
  const ends = await channel.spread.cable(parts.map(({ key }) => handleOf(handles, key)))
  const machines = channel.spread.machines.flatMap(({ root, name }) =>
    parts.some((part) => part.root === root) ? name : [],
  )
  // For the shell that may once repeat the journal on one machine, a command that does nothing.
  const command = `: ${first.wire.name} spans ${machines.join(' and ')}`
  journal.note({ host: wireHost(first.wire.name), command, by: 'underlay', code: 0, startedAt })
  return ends
}

/** One index for all bridges: the parts of a wire are shown as one. */
const bridgeIndex = 901

export function bridgeLines(bridge: string): string[] {
  return [
    `link add name ${bridge} index ${String(bridgeIndex)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set dev ${bridge} up`,
  ]
}

export function portLines(bridge: string, ports: readonly string[], hairpin: boolean): string[] {
  return ports.flatMap((port) => [
    `link set dev ${port} master ${bridge}`,
    ...(hairpin ? [`link set dev ${port} type bridge_slave hairpin on`] : []),
    `link set dev ${port} up`,
  ])
}

/** Never with hairpin: a frame that came by the cable would go back by it. */
export function uplinkLines(bridge: string, name: string, { device }: CableEnd): string[] {
  return [`link set dev ${device} name ${name}`, ...portLines(bridge, [name], false)]
}

/** The devices that come into a fresh namespace take over its default; to write to `all` takes the lock of all devices. */
export async function silenceWire(channel: Channel, net: string): Promise<void> {
  await channel.files(net, [{ kind: 'write', path: '/proc/sys/net/ipv6/conf/default/disable_ipv6', value: '1' }])
}
