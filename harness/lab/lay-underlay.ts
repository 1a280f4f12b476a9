import { cidrText, type Cidr } from '../model/addresses.ts'
import { linkLocal } from '../model/link-addresses.ts'
import { holderVariable } from '../model/names.ts'
import type { HostSpec, NicSpec } from '../model/underlay-spec.ts'
import type { Channel } from '../machines/channel/channel.ts'
import { cardDevices } from '../machines/machine.ts'
import { namespacePath, sandboxPlace, wireHost } from './namespace-paths.ts'
import { hush } from './quiet.ts'
import { switchNames, type SwitchNames } from './switch-names.ts'
import { batch, handleOf, seat, type Handles, type Laying } from './underlay-batch.ts'
import { bridgeLines, layCable, portLines, silenceWire, uplinkLines, wireParts } from './wire-parts.ts'

/**
 * Makes the hosts and wires of an underlay: a namespace pair per host, a bridge in a namespace per wire, a veth
 * pair per NIC. A wire does not speak: no STP, no IPv6, no multicast snooping.
 *
 * @throws NETWRIGHT_SCRIPT_FAILED when `ip` refuses something
 */
export async function layUnderlay(laying: Laying): Promise<Handles> {
  const { channel, underlay } = laying
  const rootOf = (host: string): string => channel.spread?.rootOf(host) ?? ''
  const wires = underlay.wires.flatMap((wire) => wireParts(underlay, wire, channel.spread))
  const holders = [
    ...underlay.hosts.map(({ name }) => ({ key: name, name, root: rootOf(name) })),
    ...wires.map(({ key, wire, root }) => ({ key, name: wireHost(wire.name), root })),
  ]
  const handles = new Map(
    await Promise.all(
      holders.map(async ({ key, name, root }) => [key, { name, root, pid: await channel.makeHost(root) }] as const),
    ),
  )
  await Promise.all([
    ...underlay.hosts.map((h) => hush(channel, namespacePath(handleOf(handles, h.name)), laying.ipv6, 'default')),
    ...wires.map(({ key }) => silenceWire(channel, namespacePath(handleOf(handles, key)))),
  ])
  const switches = new Map(underlay.wires.map((wire) => [wire.name, switchNames(underlay, wire)]))
  const nics = underlay.hosts.flatMap((host) => host.nics.map((nic) => ({ host, nic })))
  const portOf = ({ host, nic }: (typeof nics)[number]) => namesOf(switches, nic.wire).port(host.name, nic.name)
  const pairs = nics.map((end, position) => {
    const lines = end.nic.sriov
      ? cardLines(end.host, end.nic, portOf(end))
      : [vethLine(end.host, end.nic, portOf(end), position)]
    return { root: rootOf(end.host.name), lines }
  })
  for (const root of new Set(pairs.map((pair) => pair.root))) {
    const lines = pairs.flatMap((pair) => (pair.root === root ? pair.lines : []))
    await batch(laying, handles, { name: 'sandbox', root, place: sandboxPlace(root) }, lines)
  }
  await Promise.all([
    ...underlay.wires.map(async (wire) => {
      const parts = wires.filter((part) => part.wire === wire)
      const uplinks = await layCable(laying, handles, parts)
      const { bridge, uplink } = namesOf(switches, wire.name)
      for (const [number, { key, root }] of parts.entries()) {
        const ports = nics.filter(({ host, nic }) => nic.wire === wire.name && rootOf(host.name) === root).map(portOf)
        const end = uplinks[number]
        const own = end === undefined ? [] : uplinkLines(bridge, uplink(number), end)
        const lines = bridgeLines(bridge)
        // The journal tells of one switch, as if all hosts were on one machine: that is what a wire stands for.
        const untold = [...own, ...(number === 0 ? [] : lines)]
        const all = [...lines, ...portLines(bridge, ports, wire.hairpin), ...own]
        await batch(laying, handles, seat(handleOf(handles, key)), all, untold)
      }
    }),
    ...underlay.hosts.map(async (host) => {
      const handle = handleOf(handles, host.name)
      if (host.role === 'router') await forward(channel, namespacePath(handle))
      await batch(laying, handles, { ...seat(handle), devices: nicIndexes(host) }, hostLines(host, laying.hasIpv6))
    }),
  ])
  return handles
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

const nicIndex = (host: HostSpec, nic: NicSpec): number => firstNicIndex + host.nics.indexOf(nic)

/** A machine's card keeps an index that is not ours to choose. */
const nicIndexes = (host: HostSpec): ReadonlyMap<string, number> =>
  new Map(host.nics.flatMap((nic) => (nic.sriov ? [] : [[nic.name, nicIndex(host, nic)] as const])))

// `name` and `dev` stand before every name: `ip` takes `link add up` for an order, not for a device called "up".
function vethLine(host: HostSpec, nic: NicSpec, port: string, position: number): string {
  const portIndex = String(firstPortIndex + position)
  const index = String(nicIndex(host, nic)) // the peer's index is heeded only when both are given
  return (
    `link add name ${nic.name} index ${index} address ${nic.mac} netns $${holderVariable(host.name)} ` +
    `type veth peer name ${port} index ${portIndex} netns $${holderVariable(wireHost(nic.wire))}`
  )
}

/** The machine's card in the place of a veth pair: it is plugged into its port already. */
function cardLines(host: HostSpec, nic: NicSpec, port: string): string[] {
  return [
    `link set dev ${cardDevices.card} netns $${holderVariable(host.name)} name ${nic.name} address ${nic.mac}`,
    `link set dev ${cardDevices.port} netns $${holderVariable(wireHost(nic.wire))} name ${port}`,
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

async function forward(channel: Channel, net: string): Promise<void> {
  await channel.files(net, [
    { kind: 'write', path: '/proc/sys/net/ipv4/ip_forward', value: '1' },
    { kind: 'write', path: '/proc/sys/net/ipv6/conf/all/forwarding', value: '1' },
    // A router's ICMP errors are evidence: they must not be rate-limited away (ip-sysctl.rst, icmp_ratelimit).
    { kind: 'write', path: '/proc/sys/net/ipv4/icmp_ratelimit', value: '0' },
    { kind: 'write', path: '/proc/sys/net/ipv6/icmp/ratelimit', value: '0' },
  ])
}
