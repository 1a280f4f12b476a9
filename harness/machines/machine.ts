import type { MachineFacts } from '../model/results.ts'
import type { Channel } from './channel/channel.ts'

/**
 * Something a suite may need of a machine: a link type (`link:macvlan`), a tool (`tool:ping`), IPv6, the right to make
 * device nodes such as macvtap's /dev/tapN (a user namespace has it not), that a host of a lab can run a Docker Engine
 * of its own (`docker`), of a version or later (`docker:28`), or a network card with SR-IOV virtual functions (`sriov`).
 */
export type Feature =
  `link:${string}` | `tool:${string}` | 'ipv6' | 'device-nodes' | 'docker' | `docker:${number}` | 'sriov'

/**
 * What a sandbox that was opened for `sriov` has in its own network namespace: the card (its physical function), and the
 * port at the other end of the card's cable.
 */
export const cardDevices = { card: 'nwcard', port: 'nwport' } as const

/** An answer found by trying, never by guessing from versions. */
export type Ability =
  /** `how` says by what, where a user may wonder: which QEMU gives an SR-IOV card. */
  { readonly able: true; readonly how?: string } | { readonly able: false; readonly reason: string }

/**
 * A kernel with a userland in which labs run. A kind differs from another only in how it starts and
 * how its channel's bytes travel.
 */
export interface Machine {
  /** As on the command line: `local`, `container:alpine`, `vm:6.1`, `vagrant:debian12`. */
  readonly name: string
  readonly facts: MachineFacts
  /** The environment in which scripts' commands run on this machine. */
  readonly environment: Readonly<Record<string, string>>
  /** Channel to the machine itself, outside every sandbox. */
  readonly channel: Channel
  /**
   * Opens a channel into a fresh sandbox: its own network, mount and PID namespaces, empty of hosts.
   * The sandbox and all that runs in it ends with the channel, or with the harness, however that ends.
   *
   * @param hosts - those that will be made in it, for a machine that places hosts; default: all it knows of
   * @param needs - features that it must have, for a machine whose sandboxes do not all have the same
   */
  readonly openSandbox: (hosts?: readonly string[], needs?: readonly Feature[]) => Promise<Channel>
  /** Tries a feature once and remembers the answer. */
  readonly can: (feature: Feature) => Promise<Ability>
  /**
   * What the machine's own kernel said was wrong with itself (an oops, a WARNING), with the end of its log; for machines
   * whose kernel is nobody else's.
   */
  readonly trouble?: () => Promise<string | undefined>
  /** What a user may want to know of how it runs, such as a VM's accelerator and why it is that one. */
  readonly remarks?: readonly string[]
  /** Whether it stays up for processes that this one starts, until it is disposed: such a machine is started once for a run. */
  readonly isShared?: boolean
  /** Puts it back to how it was when it had just started, whatever labs have left in it; for machines that can be. */
  readonly renew?: () => Promise<void>
  /** Ends its channel, its sandboxes and itself; once more does nothing. Then no sandbox can be opened any more. */
  readonly dispose: () => Promise<void>
}
