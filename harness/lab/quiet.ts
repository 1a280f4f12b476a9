import { findNamespace, type Graph } from '../model/graph.ts'
import type { Channel, FileOperation } from '../machines/channel/channel.ts'
import type { NamespaceTarget } from './graph-reader.ts'

/**
 * How IPv6 behaves on a lab's wires. `quiet`: no autoconfiguration, no router solicitation, no duplicate
 * address detection, no MLD report later than some milliseconds after its cause, so that every captured frame means
 * something. `as-is`: what the kernel does by itself.
 */
export type Ipv6Manners = 'quiet' | 'as-is'

/** Sysctls of a namespace whose devices are to stay silent (Documentation/networking/ip-sysctl.rst). */
const quietIpv6: Readonly<Record<string, string>> = {
  // Listener reports are sent twice (mld_qrv exists in the first namespace only): both at once, not within a second.
  mldv2_unsolicited_report_interval: '1',
  accept_ra: '0',
  autoconf: '0',
  router_solicitations: '0',
  accept_dad: '0',
  dad_transmits: '0',
}

/**
 * Writing it takes the kernel's one lock of devices, and whoever finds that taken tries again without a pause
 * (`addrconf_sysctl_addr_gen_mode`, net/ipv6/addrconf.c): one write to `all`, which reaches `default` and every device.
 */
const noLinkLocal: FileOperation = { kind: 'write', path: '/proc/sys/net/ipv6/conf/all/addr_gen_mode', value: '1' }

/**
 * Sets a namespace's manners. Devices that move in later take over its defaults.
 *
 * @param net - path of the namespace
 * @param scope - `default` for a namespace that was just made; `*` reaches devices that are in it already
 */
export async function hush(channel: Channel, net: string, manners: Ipv6Manners, scope: 'default' | '*'): Promise<void> {
  if (manners !== 'quiet') return
  const operations = Object.entries(quietIpv6).map(([name, value]): FileOperation => ({
    kind: 'write',
    path: `/proc/sys/net/ipv6/conf/${scope}/${name}`,
    value,
  }))
  await channel.files(net, [...operations, noLinkLocal])
}

/** Timers of neighbour resolution while a lab is probed. */
export interface NeighbourTimers {
  /** Milliseconds between two solicitations, and until an unanswered one counts as failed. */
  readonly retransMs: number
}

/**
 * Makes neighbour resolution give up after one unanswered solicitation. The timers belong to devices (a namespace's
 * default does not reach devices that exist), so this is done before each phase of probing, where a stack resolves: not
 * on the switches of wires.
 */
export async function tuneNeighbours(
  channel: Channel,
  targets: Iterable<NamespaceTarget>,
  graph: Graph,
  timers: NeighbourTimers,
): Promise<void> {
  const values = { mcast_solicit: '1', ucast_solicit: '1', retrans_time_ms: String(timers.retransMs) }
  await Promise.all(
    [...targets].map(async ({ id, role, path }) => {
      if (role === 'wire') return
      const interfaces = findNamespace(graph, id)?.interfaces ?? []
      const devices = interfaces.filter(({ flags }) => !flags.includes('NOARP') && !flags.includes('LOOPBACK'))
      const operations = devices.flatMap(({ name }) =>
        ['ipv4', 'ipv6'].flatMap((family) =>
          Object.entries(values).map(([knob, value]): FileOperation => ({
            kind: 'write',
            path: `/proc/sys/net/${family}/neigh/${name}/${knob}`,
            value,
          })),
        ),
      )
      if (operations.length > 0) await channel.files(path, operations)
    }),
  )
}
