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
 * @param starter - PID of the process that started the sandbox, on this machine
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

/** Every process below one, from its PID in the innermost namespace to its PID here (proc_pid_status(5), NSpid). */
async function pidsOutside(starter: number): Promise<Map<number, number>> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const statuses = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')))
  const children = new Map<number, { pid: number; inside: number }[]>()
  for (const status of statuses) {
    const parent = Number(/^PPid:\t(\d+)/m.exec(status)?.[1])
    const [pid = 0, ...deeper] = (/^NSpid:\t(.*)$/m.exec(status)?.[1] ?? '').split('\t').map(Number)
    const entry = { pid, inside: deeper.at(-1) ?? pid }
    children.set(parent, [...(children.get(parent) ?? []), entry])
  }
  const found = new Map<number, number>()
  const waiting = [starter]
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const { pid, inside } of children.get(parent) ?? []) {
      found.set(inside, pid)
      waiting.push(pid)
    }
  }
  return found
}
