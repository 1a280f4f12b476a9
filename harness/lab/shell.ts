import { EventEmitter } from 'node:events'
import type { ChildProcess, spawn } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { $, quote, type Shell } from 'zx'
import { FarEndError, type Channel, type Place, type RemoteProcess } from '../machines/channel/channel.ts'
import type { Journal } from './journal.ts'

/** Where a host's shell types its commands, and who is told afterwards. */
export interface ShellHost {
  readonly name: string
  readonly channel: Channel
  readonly place: Place
  readonly environment: Readonly<Record<string, string>>
  readonly journal: Journal
  /** Runs after every command: new namespaces are looked for here. */
  readonly afterCommand: () => Promise<void>
}

/** Programs whose plain invocation needs no shell; spares one process for each of a document's commands. */
const plainPrograms = new Set(['ip', 'bridge', 'tc', 'nft', 'iptables', 'sysctl', 'ping', 'modprobe', 'ethtool'])
const plainCommand = /^[\w@%+=:,./-]+( [\w@%+=:,./-]+)*$/

/**
 * zx's own `$`, routed into a host: quoting, `nothrow`, pipes and errors are zx's. Commands run under
 * `bash -euo pipefail`; every one is journalled.
 */
export function hostShell(host: ShellHost): Shell {
  return $({
    spawn: ((command: string) => startCommand(host, command)) as unknown as typeof spawn,
    spawnSync: () => {
      throw new Error(`$.sync is not available on ${host.name}: its commands run at the far end of a channel. Use await.`)
    },
    quote,
    shell: 'bash',
    prefix: '',
    postfix: '',
    quiet: true,
    verbose: false,
    detached: false,
    kill: (handle, signal) => {
      running.get(Number(handle))?.kill(signal)
      return Promise.resolve()
    },
  })
}

/** Running commands by a number that zx takes for their PID; real PIDs of two labs may be equal. */
const running = new Map<number, RemoteProcess>()
let nextHandle = 1_000_000

function argvOf(command: string): readonly string[] {
  const words = command.split(' ')
  if (plainCommand.test(command) && plainPrograms.has(words[0] ?? '')) return words
  return ['bash', '-c', `set -euo pipefail; ${command}`]
}

/** What zx uses of a ChildProcess, fed by a remote one. */
function startCommand(host: ShellHost, command: string): ChildProcess {
  const handle = nextHandle++
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const collected = { stdout: '', stderr: '' }
  let pendingKill: NodeJS.Signals | undefined
  const child = Object.assign(new EventEmitter(), {
    pid: handle,
    stdin,
    stdout,
    stderr,
    kill: (signal?: NodeJS.Signals) => {
      const remote = running.get(handle)
      if (remote) remote.kill(signal)
      else pendingKill = signal ?? 'SIGTERM'
      return true
    },
  })
  stdout.on('data', (chunk: Buffer) => { collected.stdout += chunk.toString() })
  stderr.on('data', (chunk: Buffer) => { collected.stderr += chunk.toString() })

  const startedAt = performance.now()
  async function live(): Promise<void> {
    let code: number | null
    let signal: NodeJS.Signals | null = null
    try {
      const remote = await host.channel.spawn(argvOf(command), { place: host.place, env: host.environment })
      running.set(handle, remote)
      if (pendingKill) remote.kill(pendingKill)
      stdin.on('error', () => undefined)
      remote.stdin.on('error', () => undefined)
      stdin.pipe(remote.stdin)
      remote.stdout.pipe(stdout)
      remote.stderr.pipe(stderr)
      const exit = await remote.exit
      code = exit.code
      signal = exit.signal
    } catch (error) {
      if (!(error instanceof FarEndError)) throw error
      // As bash says it, so that a command reads the same with and without a shell between.
      stderr.write(`bash: line 1: ${command.split(' ')[0] ?? ''}: ${error.errno === 2 ? 'command not found' : error.message}\n`)
      code = error.errno === 2 ? 127 : 126
      stdout.end()
      stderr.end()
    }
    await Promise.all([ended(stdout), ended(stderr)])
    running.delete(handle)
    host.journal.note({ host: host.name, command, code, signal, ...collected, startedAt })
    await host.afterCommand()
    child.emit('exit', code, signal)
    child.emit('close', code, signal)
  }
  live().catch((error: unknown) => {
    child.emit('error', error)
    child.emit('close', null, null)
  })
  return child as unknown as ChildProcess
}

function ended(stream: PassThrough): Promise<void> {
  if (stream.readableEnded) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })
}
