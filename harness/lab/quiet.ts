import type { Channel, FileOperation } from '../machines/channel/channel.ts'

/**
 * How IPv6 behaves on a lab's wires. `quiet`: no autoconfiguration, no router solicitation, no duplicate
 * address detection, no MLD report later than some milliseconds after its cause, so that every captured frame means
 * something. `as-is`: what the kernel does by itself.
 */
export type Ipv6Manners = 'quiet' | 'as-is'

/** Sysctls of a namespace whose devices are to stay silent (Documentation/networking/ip-sysctl.rst). */
const quietIpv6: Readonly<Record<string, string>> = {
  // Listener reports are sent twice (mld_qrv exists in the first namespace only): both at once, not within a second.
  'net/ipv6/conf/*/mldv2_unsolicited_report_interval': '1',
  'net/ipv6/conf/*/accept_ra': '0',
  'net/ipv6/conf/*/autoconf': '0',
  'net/ipv6/conf/*/router_solicitations': '0',
  'net/ipv6/conf/*/accept_dad': '0',
  'net/ipv6/conf/*/dad_transmits': '0',
  'net/ipv6/conf/*/addr_gen_mode': '1',
}

/**
 * Sets a fresh namespace's manners. Devices that move in later take over its defaults.
 *
 * @param net - path of the namespace
 */
export async function hush(channel: Channel, net: string, manners: Ipv6Manners): Promise<void> {
  const operations: FileOperation[] = []
  if (manners === 'quiet') {
    for (const [name, value] of Object.entries(quietIpv6)) {
      operations.push({ kind: 'write', path: `/proc/sys/${name}`, value })
    }
  }
  if (operations.length > 0) await channel.files(net, operations)
}

/** Timers of neighbour resolution while a lab is probed. */
export interface NeighbourTimers {
  /** Milliseconds between two solicitations, and until an unanswered one counts as failed. */
  readonly retransMs: number
}

/**
 * Makes neighbour resolution give up after one unanswered solicitation. The timers belong to devices (a namespace's
 * default does not reach devices that exist), so this is done before each phase of probing.
 */
export async function tuneNeighbours(
  channel: Channel,
  nets: readonly string[],
  timers: NeighbourTimers,
): Promise<void> {
  const operations: FileOperation[] = ['ipv4', 'ipv6'].flatMap((family) => {
    const at = `/proc/sys/net/${family}/neigh/*`
    return [
      { kind: 'write', path: `${at}/mcast_solicit`, value: '1' },
      { kind: 'write', path: `${at}/ucast_solicit`, value: '1' },
      { kind: 'write', path: `${at}/retrans_time_ms`, value: String(timers.retransMs) },
    ] as const
  })
  await Promise.all(nets.map((net) => channel.files(net, operations)))
}
