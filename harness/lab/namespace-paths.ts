import type { Place } from '../machines/channel/channel.ts'

/** A host's holder process, by which its namespaces are entered. */
export interface HostHandle {
  readonly name: string
  /** PID of the holder in the sandbox. */
  readonly pid: number
  /** What paths of its machine begin with, in a sandbox that spans several machines; else empty. */
  readonly root: string
}

/** Where commands run in the sandbox itself, on the machine of a root. */
export function sandboxPlace(root: string): Place {
  return root === '' ? {} : { net: `${root}/proc/1/ns/net` }
}

/** Where commands typed on the host run. */
export function hostPlace(host: HostHandle): Place {
  const at = `${host.root}/proc/${String(host.pid)}`
  return { net: `${at}/ns/net`, mnt: `${at}/ns/mnt` }
}

/** Path of a namespace as the sandbox's agent sees it; `name` as `ip netns` knows it on the host. */
export function namespacePath(host: HostHandle, name?: string): string {
  const at = `${host.root}/proc/${String(host.pid)}`
  return name === undefined ? `${at}/ns/net` : `${at}/root/run/netns/${name}`
}

/** Host name under which a wire's own namespace appears in graphs and journals. */
export function wireHost(wire: string): string {
  return `wire:${wire}`
}
