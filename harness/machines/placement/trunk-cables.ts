import { NetwrightError } from '../../model/errors.ts'
import type { CableEnd, Channel } from '../channel/channel.ts'
import type { Machine } from '../machine.ts'
import { trunkMac } from '../vm/qemu.ts'

/** What the network cards that lead to other machines have in common: their last bytes may differ. */
const trunkMacs = trunkMac.slice(0, -2)

/** One end of a cable: a namespace of a sandbox on a machine. */
export interface End {
  readonly machine: Machine
  readonly sandbox: Channel
  /** PID of the namespace's holder in the sandbox. */
  readonly pid: number
}

/** VLAN ids that IEEE 802.1Q leaves for use. */
const mostVlans = 4094
/** Far above the indexes that a lab's other devices have, so that it is free in both namespaces a device is in. */
const firstIndex = 1_000_000
const mostEnds = 16

/** Index of the device at an end of a cable. */
export function endIndex(vlan: number, position: number): number {
  return firstIndex + vlan * mostEnds + position
}

/** The cable that a device is an end of, by its index; undefined for all other devices. */
export function cableOf(ifindex: number): number | undefined {
  return ifindex < firstIndex ? undefined : Math.floor((ifindex - firstIndex) / mostEnds)
}

/** Which cables are this process's, of a trunk that several processes share. */
export interface CableRange {
  readonly first: number
  readonly count: number
}

/**
 * Cables over a trunk: each is a VLAN of the guests' shared network card, so that a lab's cables cost no device of QEMU, go
 * with their namespaces, and frames are untagged at both ends.
 */
export function openCables(
  { first, count }: CableRange = { first: 0, count: mostVlans },
): (ends: readonly End[]) => Promise<readonly CableEnd[]> {
  let laid = 0
  return (ends) => {
    laid += 1
    const vlan = ((first + (laid % count)) % mostVlans) + 1
    return Promise.all(ends.map((end, position) => layEnd(end, vlan, position)))
  }
}

async function layEnd({ machine, sandbox, pid }: End, vlan: number, position: number): Promise<CableEnd> {
  const device = `nw${String(vlan)}`
  const ifindex = endIndex(vlan, position)
  // Ends need addresses of their own, else each would take the other's for itself.
  const mac = `02:4e:57:01:${hexByte(position)}:${hexByte(vlan)}`
  const carrier = String(sandbox.carrierPid)
  const script = [
    `for d in /sys/class/net/*; do [ -e "$d/device" ] && read -r a <"$d/address" && [ "\${a%??}" = ${trunkMacs} ] && t=\${d##*/}; done`,
    `[ -n "$t" ] || { echo "the guest has no network card: its kernel lacks virtio_net" >&2; exit 1; }`,
    `f=/proc/sys/net/ipv6/conf/$t/disable_ipv6; [ ! -e "$f" ] || echo 1 >"$f"`,
    `printf '%s\\n' "link set dev $t up" \\`,
    `  "link add link $t name ${device} index ${String(ifindex)} address ${mac} type vlan id ${String(vlan)}" \\`,
    `  "link set dev ${device} netns ${carrier}" | ip -batch -`,
  ].join('\n')
  await mustRun(machine, machine.channel, ['sh', '-c', script])
  await mustRun(machine, sandbox, ['ip', 'link', 'set', 'dev', device, 'netns', String(pid)])
  return { device, ifindex }
}

function hexByte(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0')
}

async function mustRun(machine: Machine, channel: Channel, argv: readonly string[]): Promise<void> {
  const done = await channel.run(argv)
  if (done.code === 0) return
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `${machine.name} cannot be joined to another machine by a wire`, {
    command: argv.at(-1) ?? '',
    stderr: done.stderr.toString(),
    next: 'The kernel needs virtio_net and 8021q (CONFIG_VIRTIO_NET, CONFIG_VLAN_8021Q).',
  })
}
