import type { Place } from '../machines/channel/channel.ts'

/** A host's holder process, by which its namespaces are entered. */
export interface HostHandle {
  readonly name: string
  /** PID of the holder in the sandbox. */
  readonly pid: number
}

/** Where commands typed on the host run. */
export function hostPlace(host: HostHandle): Place {
  const pid = String(host.pid)
  return { net: `/proc/${pid}/ns/net`, mnt: `/proc/${pid}/ns/mnt` }
}

/** Path of a namespace as the sandbox's agent sees it; `name` as `ip netns` knows it on the host. */
export function namespacePath(host: HostHandle, name?: string): string {
  const pid = String(host.pid)
  return name === undefined ? `/proc/${pid}/ns/net` : `/proc/${pid}/root/run/netns/${name}`
}

/** Host name under which a wire's own namespace appears in graphs and journals. */
export function wireHost(wire: string): string {
  return `wire:${wire}`
}
