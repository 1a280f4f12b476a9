import { NetwrightError } from '../model/errors.ts'
import { holderVariable } from '../model/names.ts'
import type { UnderlaySpec } from '../model/underlay-spec.ts'
import type { Channel, Place } from '../machines/channel/channel.ts'
import type { Journal } from './journal.ts'
import { hostPlace, type HostHandle } from './namespace-paths.ts'
import { compileLines } from './netlink/compile.ts'
import type { Ipv6Manners } from './quiet.ts'

/** The holders of an underlay's hosts and wires, wires' parts by their keys. */
export type Handles = ReadonlyMap<string, HostHandle>

export interface Laying {
  readonly channel: Channel
  readonly journal: Journal
  readonly underlay: UnderlaySpec
  readonly ipv6: Ipv6Manners
  /** Without IPv6 in the kernel the underlay's IPv6 addresses are left out. */
  readonly hasIpv6: boolean
}

/** Where a batch runs, and the name under which the journal shows it. */
export interface Seat {
  readonly name: string
  readonly root: string
  readonly place: Place
  /** Indexes of the devices that are there already, as far as they are known. */
  readonly devices?: ReadonlyMap<string, number>
}

export function seat(handle: HostHandle): Seat {
  return { name: handle.name, root: handle.root, place: hostPlace(handle) }
}

export function handleOf(handles: Handles, name: string): HostHandle {
  const handle = handles.get(name)
  if (handle === undefined) throw new Error(`no host ${name}`)
  return handle
}

/**
 * Has the kernel do what `ip` would do for a list of commands, in which `$NS_node1` stands for the holder of node1 on the same
 * machine. A list of our usual forms goes to the kernel as it is (a process for it would take longer than the work).
 *
 * @param untold - lines that the journal leaves out
 * @throws NETWRIGHT_SCRIPT_FAILED when `ip` refuses one
 */
export async function batch(
  laying: Laying,
  handles: Handles,
  { name: host, root, place, devices = new Map() }: Seat,
  lines: readonly string[],
  untold: readonly string[] = [],
): Promise<void> {
  if (lines.length === 0) return
  const startedAt = performance.now()
  const pids = new Map(
    [...handles.values()].flatMap((h) => (h.root === root ? [[holderVariable(h.name), String(h.pid)] as const] : [])),
  )
  const typed = lines.map((line) => line.replace(/\$(NS_\w+)/g, (_, name: string) => pids.get(name) ?? ''))
  const requests = compileLines(typed, devices)
  const failed = await (requests === undefined
    ? typeLines(laying.channel, place, typed)
    : laying.channel.change(place.net ?? '', requests))
  const [code, stderr] = failed === undefined ? [0, ''] : [2, failed.words]
  for (const line of lines) {
    if (untold.includes(line)) continue
    const command = `ip ${line.replace(/\$(NS_\w+)/g, '"$$$1"')}`
    laying.journal.note({ host, command, by: 'underlay', code, stderr, startedAt })
  }
  if (failed === undefined) return
  throw new NetwrightError('NETWRIGHT_SCRIPT_FAILED', `Laying the underlay failed on ${host}`, {
    place: `host ${host}`,
    command: `ip ${lines[failed.position] ?? ''}`,
    stderr,
    next: 'Run `netwright doctor`: it tells what this machine’s kernel and iproute2 can do.',
  })
}

/** Which line `ip` refused first, and what it said. */
async function typeLines(
  channel: Channel,
  place: Place,
  lines: readonly string[],
): Promise<{ readonly position: number; readonly words: string } | undefined> {
  const { code, stderr } = await channel.run(['ip', '-batch', '-'], { place, input: `${lines.join('\n')}\n` })
  if (code === 0) return undefined
  const words = stderr.toString()
  return { position: Number(/Command failed -:(\d+)/.exec(words)?.[1] ?? 1) - 1, words }
}
