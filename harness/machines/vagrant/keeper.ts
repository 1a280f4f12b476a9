import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder } from '../vm/cache-folder.ts'
import { installCommand, vagrantFolder } from './vagrant-files.ts'

/** Milliseconds until a libvirt that does not answer is given up; its first start asks QEMU what it can. */
const startMs = 60_000

/** What keeps a run: a process that removes all of it when this one ends, however it ends. */
export interface Keeper {
  /** Prefix of commands that run beside the run's own libvirt; empty where the provider is not its own. */
  readonly enter: readonly string[]
  /** Removes the run; resolves once nothing of it is left, or after it has said what is. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the keeper of a run, and with it, for `private`, a libvirt in network, mount and PID namespaces of its own.
 *
 * @param run - the run's folder
 * @throws NETWRIGHT_TOOL_MISSING without libvirt, NETWRIGHT_VAGRANT with its last words when it does not start
 */
export async function startKeeper(run: string, kind: 'private' | 'shared'): Promise<Keeper> {
  const argv = [join(vagrantFolder, 'libvirt', 'keep.sh'), run, kind, await cacheFolder('vagrant', 'capabilities')]
  // A session of its own: Ctrl-C at the terminal must not end it before its users.
  const child = spawn('sh', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-8000)
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      words += error.message
      resolve(null)
    })
    child.once('close', resolve)
  })
  child.stdin.on('error', () => undefined)
  const stop = async (): Promise<void> => {
    child.stdin.end()
    const code = await ended
    if (kind === 'private' || code === 0) return
    const log = join(run, 'destroy.log')
    process.stderr.write(
      `netwright: Vagrant could not remove all boxes of this run, see ${log}; \`netwright clean\` tries again\n`,
    )
  }
  const patience = { isOver: false }
  const ready = new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => {
      patience.isOver = true
      resolve(undefined)
    }, startMs)
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const pid = /^ready ?(\d*)$/m.exec(text)?.[1]
      if (pid !== undefined && text.endsWith('\n')) resolve(pid)
    })
    void ended.then(() => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
  const pid = await ready
  if (pid === '') return { enter: [], stop }
  if (pid !== undefined)
    return { enter: ['nsenter', '--target', pid, '--net', '--mount', '--ipc', '--pid', '--'], stop }
  await stop()
  if (/libvirtd: not found/.test(words)) {
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', 'A box needs libvirt, and this machine has no libvirtd', {
      next: installCommand,
    })
  }
  throw new NetwrightError('NETWRIGHT_VAGRANT', 'libvirt does not start', {
    command: ['sh', ...argv].join(' '),
    stderr:
      (patience.isOver ? `no answer within ${startMs / 1000} s\n` : '') +
      words.trim().split('\n').slice(-12).join('\n'),
    next: 'Its last words are above. A machine that runs libvirt itself can use that: NETWRIGHT_LIBVIRT=system.',
  })
}
