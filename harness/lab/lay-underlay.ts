import { cidrText, type Cidr } from '../model/addresses.ts'
import { NetwrightError } from '../model/errors.ts'
import { linkLocal } from '../model/link-addresses.ts'
import { holderVariable } from '../model/names.ts'
import type { HostSpec, NicSpec, UnderlaySpec } from '../model/underlay-spec.ts'
import type { Channel, Place } from '../machines/channel/channel.ts'
import type { Journal } from './journal.ts'
import { hostPlace, namespacePath, wireHost, type HostHandle } from './namespace-paths.ts'
import { hush, type Ipv6Manners } from './quiet.ts'
import { switchNames, type SwitchNames } from './switch-names.ts'

/** The holders of an underlay's hosts and wires, wires under {@link wireHost}. */
export type Handles = ReadonlyMap<string, HostHandle>

export interface Laying {
  readonly channel: Channel
  readonly journal: Journal
  readonly underlay: UnderlaySpec
  readonly ipv6: Ipv6Manners
  /** Without IPv6 in the kernel the underlay's IPv6 addresses are left out. */
  readonly hasIpv6: boolean
}

/**
 * Makes the hosts and wires of an underlay: a namespace pair per host, a bridge in a namespace per wire, a veth
 * pair per NIC. A wire does not speak: no STP, no IPv6, no multicast snooping.
 *
 * @throws NETWRIGHT_SCRIPT_FAILED when `ip` refuses something
 */
export async function layUnderlay(laying: Laying): Promise<Handles> {
  const { channel, underlay } = laying
  const names = [...underlay.hosts.map((h) => h.name), ...underlay.wires.map((w) => wireHost(w.name))]
  const handles = new Map(
    await Promise.all(names.map(async (name) => [name, { name, pid: await channel.makeHost() }] as const)),
  )
  await Promise.all([
    ...underlay.hosts.map((h) => hush(channel, namespacePath(handleOf(handles, h.name)), laying.ipv6)),
    ...underlay.wires.map((w) => silenceWire(channel, namespacePath(handleOf(handles, wireHost(w.name))))),
  ])
  const switches = new Map(underlay.wires.map((wire) => [wire.name, switchNames(underlay, wire)]))
  const nics = underlay.hosts.flatMap((host) => host.nics.map((nic) => ({ host, nic })))
  const portOf = ({ host, nic }: (typeof nics)[number]) => namesOf(switches, nic.wire).port(host.name, nic.name)
  await batch(
    laying,
    handles,
    'sandbox',
    {},
    nics.map((end, position) => vethLine(end.host, end.nic, portOf(end), position)),
  )
  await Promise.all([
    ...underlay.wires.map((wire) => {
      const handle = handleOf(handles, wireHost(wire.name))
      const ports = nics.filter(({ nic }) => nic.wire === wire.name).map(portOf)
      const lines = wireLines(namesOf(switches, wire.name).bridge, wire.hairpin, ports)
      return batch(laying, handles, handle.name, hostPlace(handle), lines)
    }),
    ...underlay.hosts.map(async (host) => {
      const handle = handleOf(handles, host.name)
      if (host.role === 'router') await forward(channel, namespacePath(handle))
      await batch(laying, handles, host.name, hostPlace(handle), hostLines(host, laying.hasIpv6))
    }),
  ])
  return handles
}

function handleOf(handles: Handles, name: string): HostHandle {
  const handle = handles.get(name)
  if (handle === undefined) throw new Error(`no host ${name}`)
  return handle
}

function namesOf(switches: ReadonlyMap<string, SwitchNames>, wire: string): SwitchNames {
  const names = switches.get(wire)
  if (names === undefined) throw new Error(`no wire ${wire}`)
  return names
}

/**
 * The two ends of a veth pair get different interface indexes on purpose: where they happen to be equal (each the
 * first device of its namespace) the kernel takes the end for a device without a lower one and lets its carrier wait
 * up to a second before the bridge forwards (`linkwatch_urgent_event`, net/core/link_watch.c).
 */
const firstPortIndex = 1001
/** Beyond the devices that loaded tunnel modules put into every namespace (sit0, tunl0, gre0, …). */
const firstNicIndex = 101

// `name` and `dev` stand before every name: `ip` takes `link add up` for an order, not for a device called "up".
function vethLine(host: HostSpec, nic: NicSpec, port: string, position: number): string {
  const portIndex = String(firstPortIndex + position)
  const index = String(firstNicIndex + host.nics.indexOf(nic)) // the peer's index is heeded only when both are given
  return (
    `link add name ${nic.name} index ${index} address ${nic.mac} netns $${holderVariable(host.name)} ` +
    `type veth peer name ${port} index ${portIndex} netns $${holderVariable(wireHost(nic.wire))}`
  )
}

function wireLines(bridge: string, hairpin: boolean, ports: readonly string[]): string[] {
  return [
    `link add name ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set dev ${bridge} up`,
    ...ports.flatMap((port) => [
      `link set dev ${port} master ${bridge}`,
      ...(hairpin ? [`link set dev ${port} type bridge_slave hairpin on`] : []),
      `link set dev ${port} up`,
    ]),
  ]
}

function hostLines(host: HostSpec, hasIpv6: boolean): string[] {
  const kept = (cidr: Cidr): boolean => hasIpv6 || cidr.family === 4
  return [
    'link set dev lo up',
    ...host.nics.flatMap((nic) => [
      ...nic.addresses.filter(kept).map((address) => `addr add ${cidrText(address)} dev ${nic.name}`),
      // A quiet wire has no link-local addresses, and a router asks for its next hop with one: the packet that it
      // forwards is not its own (ndisc_solicit, net/ipv6/ndisc.c).
      ...(host.role === 'router' && nic.addresses.some((a) => a.family === 6 && kept(a))
        ? [`addr add ${linkLocal(nic.mac)}/64 dev ${nic.name}`]
        : []),
      `link set dev ${nic.name} up`,
    ]),
    ...host.routes
      .filter((route) => hasIpv6 || route.family === 4)
      .map((route) =>
        ['route add', route.to, route.via && `via ${route.via}`, route.dev && `dev ${route.dev}`]
          .filter(Boolean)
          .join(' '),
      ),
  ]
}

async function batch(
  laying: Laying,
  handles: Handles,
  host: string,
  place: Place,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return
  const startedAt = performance.now()
  const pids = new Map([...handles.values()].map((h) => [holderVariable(h.name), String(h.pid)]))
  const input = lines.map((line) => line.replace(/\$(NS_\w+)/g, (_, name: string) => pids.get(name) ?? '')).join('\n')
  const done = await laying.channel.run(['ip', '-batch', '-'], { place, input: `${input}\n` })
  const stderr = done.stderr.toString()
  for (const line of lines) {
    const command = `ip ${line.replace(/\$(NS_\w+)/g, '"$$$1"')}`
    laying.journal.note({ host, command, by: 'underlay', code: done.code, stderr, startedAt })
  }
  if (done.code === 0) return
  const failed = lines[Number(/Command failed -:(\d+)/.exec(stderr)?.[1] ?? 1) - 1] ?? ''
  throw new NetwrightError('NETWRIGHT_SCRIPT_FAILED', `Laying the underlay failed on ${host}`, {
    place: `host ${host}`,
    command: `ip ${failed}`,
    stderr,
    next: 'Run `netwright doctor`: it tells what this machine’s kernel and iproute2 can do.',
  })
}

async function forward(channel: Channel, net: string): Promise<void> {
  await channel.files(net, [
    { kind: 'write', path: '/proc/sys/net/ipv4/ip_forward', value: '1' },
    { kind: 'write', path: '/proc/sys/net/ipv6/conf/all/forwarding', value: '1' },
    // A router's ICMP errors are evidence: they must not be rate-limited away (ip-sysctl.rst, icmp_ratelimit).
    { kind: 'write', path: '/proc/sys/net/ipv4/icmp_ratelimit', value: '0' },
    { kind: 'write', path: '/proc/sys/net/ipv6/icmp/ratelimit', value: '0' },
  ])
}

async function silenceWire(channel: Channel, net: string): Promise<void> {
  await channel.files(net, [
    { kind: 'write', path: '/proc/sys/net/ipv6/conf/all/disable_ipv6', value: '1' },
    { kind: 'write', path: '/proc/sys/net/ipv6/conf/default/disable_ipv6', value: '1' },
  ])
}
