import { ProcessOutput } from 'zx'
import { NetwrightError } from '../model/errors.ts'
import type { Graph } from '../model/graph.ts'
import type { JournalEntry } from '../model/results.ts'
import type { Channel } from '../machines/channel/channel.ts'
import type { Machine } from '../machines/machine.ts'
import { readGraph, type NamespaceTarget } from './graph-reader.ts'
import { keptOutput, openJournal, type Journal } from './journal.ts'
import { joinWires } from './joined-wires.ts'
import { layUnderlay } from './lay-underlay.ts'
import { hostPlace, namespacePath } from './namespace-paths.ts'
import { hush } from './quiet.ts'
import { settledGraph } from './settled-graph.ts'
import { hostShell } from './shell.ts'
import type { Host, Hosts, Topology } from './topology.ts'
import type { Handles } from './underlay-batch.ts'

/** Who is told of namespaces that come and go. */
export interface NamespaceWatcher {
  readonly appeared: (target: NamespaceTarget) => Promise<void>
  readonly vanished: (target: NamespaceTarget) => void
}

/** One topology, built in a sandbox on a machine; disposable. */
export interface Lab<HostName extends string = string> {
  readonly topology: Topology<HostName>
  readonly machine: Machine
  /** Channel into the sandbox. */
  readonly channel: Channel
  readonly journal: Journal
  readonly hosts: Hosts<HostName>
  /** Whether the kernel has IPv6. */
  readonly hasIpv6: boolean
  /** Every namespace that exists now: hosts, the named ones on them, wires. */
  readonly namespaces: ReadonlyMap<string, NamespaceTarget>
  /**
   * Tells of each namespace, those that exist already included, before a command that made it is reported as done, and of
   * each that a command deleted: whoever has a socket in one must let go of it, else the kernel keeps it and its devices.
   */
  readonly watchNamespaces: (watcher: NamespaceWatcher) => Promise<void>
  /** Runs the topology's script. */
  readonly build: () => Promise<void>
  /** Runs a remedy or its undo, journalled as such; failures say which command, where and why. */
  readonly act: (
    by: JournalEntry['by'],
    what: string,
    action: (hosts: Hosts<HostName>) => Promise<unknown>,
  ) => Promise<void>
  /** Reads what the kernel says is there now. */
  readonly graph: () => Promise<Graph>
  /** Ends everything in the sandbox. Also happens by itself when the harness ends, however it ends. */
  readonly dispose: () => Promise<void>
}

/**
 * Opens a sandbox and lays a topology's underlay in it; `build` then runs the script.
 *
 * @throws NETWRIGHT_SCRIPT_FAILED, NETWRIGHT_AGENT
 */
export async function openLab<HostName extends string>(
  machine: Machine,
  topology: Topology<HostName>,
): Promise<Lab<HostName>> {
  const hosts = topology.underlay.hosts.map(({ name }) => name)
  const [channel, ipv6] = await Promise.all([machine.openSandbox(hosts, topology.needs), machine.can('ipv6')])
  try {
    return await furnish(machine, topology, channel, ipv6.able)
  } catch (error) {
    await channel.close()
    throw error
  }
}

async function furnish<HostName extends string>(
  machine: Machine,
  topology: Topology<HostName>,
  channel: Channel,
  hasIpv6: boolean,
): Promise<Lab<HostName>> {
  const journal = openJournal()
  const handles = await layUnderlay({ channel, journal, underlay: topology.underlay, ipv6: topology.ipv6, hasIpv6 })
  const namespaces = new Map<string, NamespaceTarget>()
  for (const [key, target] of underlayTargets(topology, handles)) namespaces.set(key, target)
  const watchers: NamespaceWatcher[] = []

  /** The last look at each host: the next one waits for it, so that a namespace is watched before anyone goes on. */
  const looks = new Map<string, Promise<void>>()
  /** Which namespace a name stood for when it was looked at. */
  const identities = new Map<string, string>()

  /** Looks for namespaces that a command made or deleted on a host. */
  function rescan(host: string): Promise<void> {
    const before = looks.get(host) ?? Promise.resolve()
    const look = before.catch(() => undefined).then(() => lookAt(host))
    looks.set(host, look)
    return look
  }

  async function lookAt(host: string): Promise<void> {
    const handle = handles.get(host)
    if (handle === undefined) return
    const root = namespacePath(handle, '')
    const folder = root.replace(/\/$/, '')
    const found = await channel.files('', [
      { kind: 'identify', path: folder },
      { kind: 'identify', path: `${root}*` },
    ])
    // `ip netns add` makes a file, then binds the namespace over it: until then it is on the folder's own file system.
    const isBound = (identity: string): boolean => deviceOf(identity) !== deviceOf(found.get(folder) ?? '')
    const listed = new Map([...found].filter(([path, identity]) => path !== folder && isBound(identity)))
    const names = [...listed.keys()].map((path) => path.slice(root.length))
    const known = [...namespaces.values()].filter((t) => t.host === host && t.name !== undefined)
    for (const gone of known) {
      // One command may delete a namespace and make another of the same name.
      if (listed.get(gone.path) === identities.get(gone.id)) continue
      namespaces.delete(gone.id)
      for (const watcher of watchers) watcher.vanished(gone)
    }
    for (const name of names) {
      const id = `${host}/${name}`
      if (namespaces.has(id)) continue
      const path = namespacePath(handle, name)
      const place = { ...hostPlace(handle), net: path }
      const target: NamespaceTarget = { id, role: 'namespace', host, name, path, place }
      namespaces.set(id, target)
      identities.set(id, listed.get(path) ?? '')
      await hush(channel, path, topology.ipv6, '*')
      for (const watcher of watchers) await watcher.appeared(target)
    }
  }

  const hosts = Object.fromEntries(
    topology.underlay.hosts.map(({ name }): [string, Host] => {
      const handle = handles.get(name)
      if (handle === undefined) throw new Error(`no host ${name}`)
      const $ = hostShell({
        name,
        channel,
        place: hostPlace(handle),
        environment: machine.environment,
        journal,
        afterCommand: () => rescan(name),
      })
      return [name, { name, $ }]
    }),
  ) as Hosts<HostName>

  const lab: Lab<HostName> = {
    topology,
    machine,
    channel,
    journal,
    hosts,
    hasIpv6,
    namespaces,
    watchNamespaces: async (watcher) => {
      watchers.push(watcher)
      await Promise.all([...namespaces.values()].map(watcher.appeared))
    },
    build: () => lab.act('script', `the script of topology "${topology.name}"`, topology.build),
    act: async (by, what, action) => {
      journal.author = by
      try {
        await action(hosts)
      } catch (error) {
        if (!(error instanceof ProcessOutput)) throw error
        throw error.cause instanceof NetwrightError ? error.cause : scriptFailure(what, error, journal)
      }
    },
    graph: () => settledGraph(async () => joinWires(await readGraph(channel, [...namespaces.values()]))),
    dispose: () => channel.close(),
  }
  return lab
}

/** The holders' own namespaces by their keys. The parts of a wire that spans machines share its id: they are one segment. */
function underlayTargets(topology: Topology, handles: Handles): [key: string, NamespaceTarget][] {
  const roles = new Map<string, NamespaceTarget['role']>(topology.underlay.hosts.map(({ name, role }) => [name, role]))
  return [...handles].map(([key, handle]) => {
    const { name } = handle
    const role = roles.get(name) ?? 'wire'
    return [key, { id: name, role, host: name, path: namespacePath(handle), place: hostPlace(handle) }]
  })
}

/** zx's error lacks the command and the host; the journal has both. */
function scriptFailure(what: string, output: ProcessOutput, journal: Journal): NetwrightError {
  const entry = journal.entries.findLast((e) => e.code !== 0 && e.stderr.startsWith(output.stderr.slice(0, keptOutput)))
  const how = output.signal === null ? `exit code ${String(output.exitCode)}` : `signal ${output.signal}`
  return new NetwrightError('NETWRIGHT_SCRIPT_FAILED', `A command of ${what} failed with ${how}`, {
    ...(entry === undefined ? {} : { place: `host ${entry.host}`, command: entry.command }),
    stderr: output.stderr,
    next: 'If the failure is what the document shows, use $({ nothrow: true }) or a refusal; the lab’s state is in the report.',
    cause: output,
  })
}

/** The file system's part of a file's identity. */
const deviceOf = (identity: string): string => identity.split(':', 1)[0] ?? ''
