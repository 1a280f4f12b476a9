import type { Readable, Writable } from 'node:stream'

/** Namespaces a command is started in; absent means the channel's own. */
export interface Place {
  /** Path of a network namespace as the far end sees it, such as `/proc/12/ns/net`. */
  readonly net?: string
  /** Path of a mount namespace. */
  readonly mnt?: string
}

export interface SpawnOptions {
  readonly place?: Place
  readonly cwd?: string
  /** The whole environment; nothing is inherited but this. Default: PATH, HOME and `LC_ALL=C`. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until the command's process group gets SIGKILL; 0 or absent: no limit. */
  readonly timeoutMs?: number
}

export interface Exit {
  /** Exit code, or null when a signal ended the command. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
}

/** A command that runs at the far end; streams are binary-safe, stdin has a flow-control window. */
export interface RemoteProcess {
  /** PID in the far end's PID namespace. */
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves once the command has been reaped and what it wrote has arrived. */
  readonly exit: Promise<Exit>
  /** Sends a signal to the command's process group. */
  readonly kill: (signal?: NodeJS.Signals) => void
}

export interface RunOptions extends SpawnOptions {
  /** The command's stdin; default: empty. */
  readonly input?: Uint8Array | string
  /** Called as soon as it runs, for whoever may have to end it early. */
  readonly onStarted?: (process: RemoteProcess) => void
}

export interface RunOutput extends Exit {
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** A frame as the kernel handed it to a packet socket. */
export interface CapturedFrame {
  readonly ifindex: number
  /** ARPHRD_ type of the device: 1 Ethernet, 772 loopback, 65534 none (tun). */
  readonly hatype: number
  /** PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
  readonly packetType: number
  /** Nanoseconds since the epoch, by the far end's clock. */
  readonly timestamp: bigint
  /** Length on the wire; `bytes` may be shorter. */
  readonly length: number
  readonly bytes: Uint8Array
}

/** A running capture of every device of one network namespace. */
export interface Capture {
  /** Waits until every frame captured so far has been delivered; answers how many the kernel dropped since last asked. */
  readonly sync: () => Promise<number>
  readonly close: () => void
}

export interface SocketProbe {
  readonly net: string
  readonly family: 4 | 6
  readonly kind: 'tcp' | 'udp'
  readonly target: Uint8Array
  readonly port: number
  readonly token: string
  readonly source?: Uint8Array
  readonly device?: string
  /** Interface index for link-local and multicast IPv6 targets. */
  readonly scope?: number
  /** The target is a broadcast or multicast address: the address of the one whose answer counts. */
  readonly answerer?: Uint8Array
}

export interface SocketOutcome {
  readonly kind: 'echo' | 'error' | 'closed'
  readonly errno: number
  readonly text: string
}

export interface RunningProbe {
  /** Local port, known before the first frame leaves. */
  readonly port: number
  readonly outcome: Promise<SocketOutcome>
  readonly close: () => void
}

export interface EchoService {
  readonly net: string
  readonly family: 4 | 6
  readonly kind: 'tcp' | 'udp'
  readonly port: number
  /** Multicast group to join on a device, by its index. */
  readonly group?: { readonly address: Uint8Array; readonly ifindex: number }
}

/** Failure of one request at the far end, with the errno it ended with (0 when there is none). */
export class FarEndError extends Error {
  override readonly name = 'FarEndError'
  readonly errno: number
  constructor(text: string, errno: number) {
    super(text)
    this.errno = errno
  }
}

/** A host's holder, in a sandbox that spans several machines. */
export interface Holder {
  readonly root: string
  readonly pid: number
}

/**
 * A sandbox that spans several machines. Each has a root: a text that every path of that machine begins with, so that
 * namespaces of all of them are entered, watched and read by one channel. The first machine's root is empty.
 */
export interface Spread {
  readonly machines: readonly { readonly root: string; readonly name: string }[]
  /** The root of the machine that a host is placed on. */
  readonly rootOf: (host: string) => string
  /**
   * Lays a cable between machines, with an end in the namespace of each of these holders (one per machine): a device that
   * is down, whose name and index are given back in their order. Frames that go in at one end come out at all others.
   */
  readonly cable: (holders: readonly Holder[]) => Promise<readonly CableEnd[]>
}

export interface CableEnd {
  readonly device: string
  /** Unique among the ends of all cables of the sandbox. */
  readonly ifindex: number
}

/** Answers to RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE and RTM_GETNEIGH, headers included. */
export interface NetlinkDump {
  readonly links: Buffer
  readonly addresses: Buffer
  readonly routes: Buffer
  readonly neighbours: Buffer
}

/**
 * The one stream between the harness and a machine or sandbox: many commands, captures and probes at
 * once. It ends with the far end; every pending promise then rejects with NETWRIGHT_CHANNEL_CLOSED.
 */
export interface Channel {
  /** PID on this machine of a process whose descendants are the far end's, where the far end is on this machine. */
  readonly localPid?: () => Promise<number | undefined>
  /** PID of the process that started the far end, as the channel that carries this one sees it. */
  readonly carrierPid?: number
  /** What a sandbox that spans several machines knows of them. */
  readonly spread?: Spread
  /** Starts a command. Rejects with FarEndError when it cannot be started (errno 2: no such program). */
  readonly spawn: (argv: readonly string[], options?: SpawnOptions) => Promise<RemoteProcess>
  /** Runs a command to its end and collects its output. */
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<RunOutput>
  /**
   * Makes a host: a holder process with a network and a mount namespace of its own. Answers its PID.
   *
   * @param root - of the machine to make it on, in a sandbox that spans several (see {@link Spread})
   */
  readonly makeHost: (root?: string) => Promise<number>
  readonly capture: (net: string, onFrame: (frame: CapturedFrame) => void) => Promise<Capture>
  /** Sends a raw frame out of a device. */
  readonly inject: (net: string, ifindex: number, frame: Uint8Array) => Promise<void>
  readonly probe: (probe: SocketProbe) => Promise<RunningProbe>
  /** Starts an echo service; answers a function that ends it. */
  readonly listen: (service: EchoService) => Promise<() => void>
  /**
   * Reads and writes small files inside a network namespace, for `/proc/sys/net`, and identifies them (`device:inode`
   * as stat(2) says). Paths may hold `*`. Answers path → content, `ok`, the identity, or `!` and the error.
   */
  readonly files: (net: string, operations: readonly FileOperation[]) => Promise<Map<string, string>>
  /** For each namespace path, the ids by which it knows each other one; -1 where it has none. */
  readonly namespaceIds: (paths: readonly string[]) => Promise<number[][]>
  /**
   * What rtnetlink(7) has of namespaces, in the order asked for: the raw messages of four dumps, or why one could not be
   * made. No process is started for it.
   */
  readonly dump: (nets: readonly string[]) => Promise<(NetlinkDump | FarEndError)[]>
  /**
   * Has rtnetlink(7) change a namespace, a request after the other until one is refused; answers that one. No process is
   * started for it.
   */
  readonly change: (net: string, requests: readonly NetlinkRequest[]) => Promise<NetlinkRefusal | undefined>
  /** Neighbour tables of namespaces, in the order asked for; `flush` also empties them (permanent entries stay). */
  readonly neighbours: (mode: 'read' | 'flush', nets: readonly string[]) => Promise<NeighbourEntry[][]>
  readonly ping: () => Promise<void>
  /** The far end's clock, by which captured frames are stamped: nanoseconds since the epoch. */
  readonly clock: () => Promise<bigint>
  readonly closed: Promise<void>
  readonly close: () => Promise<void>
}

/** A request of rtnetlink(7); the header beside type and flags is the far end's to write. */
export interface NetlinkRequest {
  /** `RTM_NEWLINK`, … (linux/rtnetlink.h). */
  readonly type: number
  /** `NLM_F_CREATE`, …; that it is a request and is to be acknowledged goes without saying. */
  readonly flags: number
  readonly body: Uint8Array
}

/** Which of several requests the kernel refused, and its words, as `ip` prints them. */
export interface NetlinkRefusal {
  readonly position: number
  readonly errno: number
  readonly words: string
}

export interface NeighbourEntry {
  readonly ifindex: number
  /** NUD state as `ip neigh` prints it. */
  readonly state: string
  /** Raw address: 4 or 16 bytes. */
  readonly address: Uint8Array
  readonly mac?: string
}

export type FileOperation =
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'identify'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly value: string }

/** A channel to one agent, which can make sandboxes of itself. */
export interface AgentChannel extends Channel {
  /**
   * Starts a copy of the far end in namespaces of its own: network, IPC, mounts and PIDs. Resolves once it is there; it says
   * the password over a connection of its own, and then speaks as any agent does.
   *
   * @param address - name of an abstract Unix socket (unix(7)) of this machine's network namespace
   */
  readonly startSandbox: (address: string, password: string) => Promise<RemoteProcess>
}
