import type { ProbeSpec } from './probe.ts'

/**
 * What a captured frame means for one probe. The `return-` kinds belong to the resolution of the
 * reply's next hop.
 */
export type SightingKind =
  'solicit' | 'advert' | 'request' | 'reply' | 'return-solicit' | 'return-advert' | 'error' | 'reset'

/** A frame of a probe's conversation, seen on one interface of one namespace. */
export interface Sighting {
  readonly kind: SightingKind
  /** Microseconds since the probe started. */
  readonly us: number
  /** Namespace id, such as `node1/ns1` or `wire:lan`. */
  readonly ns: string
  readonly dev: string
  /** `out` when the namespace's own stack handed the frame to the device, else `in`. */
  readonly direction: 'in' | 'out'
  /** Its link-layer target is not this device: seen only because the device is promiscuous or a port. */
  readonly forOther?: boolean
  /** The frame in words, as tcpdump would say it. */
  readonly text: string
  readonly sourceMac: string
  readonly targetMac: string
  /** For `request` and `reply`: where it goes to, or comes from, when that is not the probed address: translated on the way, or another's answer. */
  readonly instead?: string
  /** For `error`: who sent it, type and code. */
  readonly error?: { readonly by: string; readonly type: number; readonly code: number; readonly name: string }
}

/** What the probing program itself said. */
export type Outcome =
  | { readonly kind: 'reply' }
  | { readonly kind: 'errno'; readonly errno: Errno; readonly text: string }
  /** Still without an answer when the evidence was complete (or the deadline passed). */
  | { readonly kind: 'silence' }
  | { readonly kind: 'tool-missing'; readonly text: string }
  | { readonly kind: 'namespace-missing'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }

export type Errno =
  | 'ENETUNREACH'
  | 'EHOSTUNREACH'
  | 'EADDRNOTAVAIL'
  | 'ENETDOWN'
  | 'ENODEV'
  | 'EACCES'
  | 'EPERM'
  | 'EINVAL'
  | 'EMSGSIZE'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  | 'EPROTO'
  | 'EOTHER'

export interface NeighbourState {
  readonly ns: string
  readonly dev: string
  readonly address: string
  /** NUD state as `ip neigh` prints it: REACHABLE, FAILED, INCOMPLETE, … */
  readonly state: string
  readonly mac?: string
}

/** A probe that shows, in the same window, that an end of the failed probe is alive. */
export interface Control {
  /** Which end it vouches for. */
  readonly end: 'source' | 'target'
  readonly from: string
  readonly address: string
  readonly alive: boolean
  /**
   * `peer`: another namespace reached the target. `self`: the namespace reached its own address.
   * `frames`: the end's own frames of this very probe were captured. `errno`: its stack answered the
   * prober with an errno. `neighbour`: its stack tried to resolve the target.
   */
  readonly method: 'peer' | 'self' | 'frames' | 'errno' | 'neighbour'
  readonly text: string
}

/** Counters and look-ups that a reason may rest on; each is read only when the sightings ask for it. */
export interface Findings {
  /**
   * Drops that the kernel's netfilter named while the probe was repeated under `nft monitor trace`. Empty: every rule of the
   * suspected namespaces was watched, and none dropped it. Absent: nobody looked, or could.
   */
  readonly netfilter?: readonly { readonly ns: string; readonly rule: string; readonly verdict: 'drop' | 'reject' }[]
  /** Increase of a per-namespace kernel counter, such as `IPReversePathFilter`. */
  readonly counters?: readonly { readonly ns: string; readonly name: string; readonly delta: number }[]
  /** `ip route get` in a namespace towards an address. */
  readonly routes?: readonly {
    readonly ns: string
    readonly to: string
    /** Set when it was asked on behalf of a packet with this source address: a stack's own, or … */
    readonly from?: string
    /** … one that came in by this device: rules and the tables of vrf devices are then heeded as for the packet. */
    readonly iif?: string
    /** Set when it was asked on behalf of a stack's own answer to what came in by a port of this vrf device. */
    readonly vrf?: string
    readonly dev?: string
    readonly via?: string
    /** Set when the namespace has no route; the kernel's words. */
    readonly error?: string
    /** Set beside `error` when a rule (`ip rule`) refuses, or may lead the packet by what the look-up does not know of it: its mark, its ports. */
    readonly rule?: string
  }[]
  /** Sockets that listen on the probed port in the target namespace. */
  readonly listening?: boolean
  /** Whether a process has the tap of the target's macvtap open. */
  readonly tapOpen?: boolean
  /** What the sightings asked for and could not be looked up, because a tool is missing. */
  readonly unknown?: readonly string[]
  /** Filters that no trace shows, or whose trace says nothing of the probe itself. */
  readonly untraceable?: readonly string[]
}

/** Everything a verdict is made from. */
export interface Evidence {
  readonly probe: ProbeSpec
  readonly outcome: Outcome
  readonly sightings: readonly Sighting[]
  readonly neighbours: readonly NeighbourState[]
  readonly controls: readonly Control[]
  readonly findings: Findings
  /** Why the captures cannot be trusted, if they cannot: dropped frames, a namespace not watched. */
  readonly captureProblem?: string
  /** Milliseconds from the start of the probe until the evidence was complete. */
  readonly ms: number
}
