import { readFile, readdir } from 'node:fs/promises'

/** A namespace of a sandbox on this machine, by the path that the sandbox's agent uses. */
export interface SandboxNamespace {
  readonly id: string
  /** `/proc/PID/ns/net` or `/proc/PID/root/run/netns/NAME`, with the PID of a holder in the sandbox. */
  readonly path: string
}

/**
 * The command that enters each namespace from outside of its sandbox, with the mounts of its host, so that
 * `ip netns` knows there what it knows in the lab.
 *
 * @param starter - PID on this machine of the sandbox's first process, or of the one that started it
 * @param privilege - `root`, or `user namespace`: then the sandbox's user namespace is entered as well
 */
export async function enterArguments(
  starter: number | undefined,
  namespaces: readonly SandboxNamespace[],
  privilege: string,
): Promise<Map<string, readonly string[]>> {
  const pids = starter === undefined ? new Map<number, number>() : await pidsOutside(starter)
  const user = privilege === 'user namespace' ? ['--user', '--preserve-credentials'] : []
  return new Map(
    namespaces.flatMap(({ id, path }) => {
      const [, inside = '', rest = ''] = /^\/proc\/(\d+)\/(.*)$/.exec(path) ?? []
      const pid = pids.get(Number(inside))
      if (pid === undefined) return []
      const net = rest === 'ns/net' ? '--net' : `--net=/proc/${String(pid)}/${rest}`
      return [[id, ['nsenter', '--target', String(pid), ...user, '--pid', '--mount', net]] as const]
    }),
  )
}

/** {@link enterArguments} as lines to paste into a terminal. */
export async function enterCommands(
  starter: number | undefined,
  namespaces: readonly SandboxNamespace[],
  privilege: string,
): Promise<Record<string, string>> {
  const commands = await enterArguments(starter, namespaces, privilege)
  const sudo = privilege === 'root' && process.geteuid?.() !== 0 ? 'sudo ' : ''
  return Object.fromEntries([...commands].map(([id, argv]) => [id, `${sudo}${argv.join(' ')} bash`]))
}

/**
 * The PID on this machine of a sandbox's first process.
 *
 * @param starter - PID of the process that started the agent of which the sandbox is a copy, on this machine
 * @param pid - of the sandbox's first process, as that agent sees it
 */
export async function initOutside(starter: number | undefined, pid: number): Promise<number | undefined> {
  if (starter === undefined) return undefined
  const below = descendants(starter, await childrenByParent())
  return below.find(({ inside }) => inside.at(-1) === 1 && inside.at(-2) === pid)?.pid
}

/** Every process below one, from its PID in the innermost namespace to its PID here. */
async function pidsOutside(starter: number): Promise<Map<number, number>> {
  const below = descendants(starter, await childrenByParent())
  return new Map(below.map(({ pid, inside }) => [inside.at(-1) ?? pid, pid]))
}

interface Process {
  readonly pid: number
  /** Its PIDs from the namespace below this one to the innermost (proc_pid_status(5), NSpid). */
  readonly inside: readonly number[]
}

async function childrenByParent(): Promise<Map<number, readonly Process[]>> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const statuses = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')))
  const children = new Map<number, Process[]>()
  for (const status of statuses) {
    const parent = Number(/^PPid:\t(\d+)/m.exec(status)?.[1])
    const [pid = 0, ...inside] = (/^NSpid:\t(.*)$/m.exec(status)?.[1] ?? '').split('\t').map(Number)
    children.set(parent, [...(children.get(parent) ?? []), { pid, inside }])
  }
  return children
}

function descendants(starter: number, children: ReadonlyMap<number, readonly Process[]>): readonly Process[] {
  const found: Process[] = []
  const waiting = [starter]
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    const own = children.get(parent) ?? []
    found.push(...own)
    waiting.push(...own.map(({ pid }) => pid))
  }
  return found
}
