import { EventEmitter } from 'node:events'
import type { ChildProcess, spawn, SpawnOptions } from 'node:child_process'
import { PassThrough, type Readable } from 'node:stream'
import { $, quote, type Shell } from 'zx'
import { FarEndError, type Channel, type Place, type RemoteProcess } from '../machines/channel/channel.ts'
import type { Journal } from './journal.ts'
import { routed } from './routed-shell.ts'
import { wholeCharacters } from './whole-characters.ts'

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

/** Output of one command, in characters, at which it is killed: zx keeps all of it in memory. */
const mostOutput = 64 << 20

/**
 * zx's own `$`, routed into a host: quoting, `nothrow`, pipes and errors are zx's. Commands run under
 * `bash -euo pipefail`; every one is journalled.
 */
export function hostShell(host: ShellHost): Shell {
  const shell = $({
    spawn: ((command: string, _args: readonly string[], options: SpawnOptions) =>
      startCommand(host, command, options)) as unknown as typeof spawn,
    spawnSync: () => {
      throw new Error(
        `$.sync is not available on ${host.name}: its commands run at the far end of a channel. Use await.`,
      )
    },
    quote,
    shell: 'bash',
    prefix: '',
    postfix: '',
    env: { ...host.environment },
    quiet: true,
    verbose: false,
    detached: false,
  })
  return routed(shell)
}

/** The words of a command that reads the same without a shell, else bash with it. */
export function argvOf(command: string): readonly string[] {
  const words = command.split(' ')
  if (plainCommand.test(command) && plainPrograms.has(words[0] ?? '')) return words
  return ['bash', '-c', `set -euo pipefail; ${command}`]
}

/** What zx takes for the PID of a command: beyond every PID that Linux gives (PID_MAX_LIMIT is 2^22), so that it hits nobody. */
let nextHandle = 1 << 30

/** What zx uses of a ChildProcess, fed by a remote one. */
function startCommand(host: ShellHost, command: string, options: SpawnOptions): ChildProcess {
  const [stdin, stdout, stderr] = [new PassThrough(), wholeCharacters(), wholeCharacters()]
  const collected = { stdout: collect(stdout), stderr: collect(stderr) }
  let remote: RemoteProcess | undefined
  let pendingKill: NodeJS.Signals | undefined
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): boolean => {
    if (remote === undefined) pendingKill = signal
    else remote.kill(signal)
    return true
  }
  const child = Object.assign(new EventEmitter(), { pid: nextHandle++, stdin, stdout, stderr, kill })
  options.signal?.addEventListener('abort', () => kill())
  let tooMuch = false
  for (const output of Object.values(collected)) {
    output.onTooMuch = () => {
      tooMuch = true
      kill('SIGKILL')
    }
  }

  const startedAt = performance.now()
  async function live(): Promise<void> {
    let code: number | null
    let signal: NodeJS.Signals | null = null
    try {
      remote = await host.channel.spawn(argvOf(command), {
        place: host.place,
        env: definedOnly(options.env ?? host.environment),
        ...(typeof options.cwd === 'string' && options.cwd !== process.cwd() ? { cwd: options.cwd } : {}),
      })
      if (pendingKill) remote.kill(pendingKill)
      stdin.on('error', () => undefined)
      remote.stdin.on('error', () => undefined)
      stdin.pipe(remote.stdin)
      remote.stdout.pipe(stdout)
      remote.stderr.pipe(stderr, { end: false })
      const exit = await remote.exit
      code = exit.code
      signal = exit.signal
      if (!remote.stderr.readableEnded) await new Promise((resolve) => remote?.stderr.once('end', resolve))
      if (tooMuch) stderr.write(`stopped: it printed more than ${mostOutput >> 20} MB\n`)
    } catch (error) {
      if (!(error instanceof FarEndError)) throw error
      stderr.write(`${bashWords(command, error)}\n`)
      code = error.errno === 2 ? 127 : 126
      stdout.end()
    }
    stderr.end()
    await Promise.all([ended(stdout), ended(stderr)])
    const said = { stdout: collected.stdout.text(), stderr: collected.stderr.text() }
    host.journal.note({ host: host.name, command, code, signal, ...said, startedAt })
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

/** As bash says it, so that a command reads the same with and without a shell between. */
function bashWords(command: string, error: FarEndError): string {
  const program = command.split(' ')[0] ?? ''
  if (error.message.startsWith('cwd ')) return `bash: ${error.message}`
  return `bash: line 1: ${program}: ${error.errno === 2 ? 'command not found' : error.message}`
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** The beginning of a stream as text, for the journal. */
function collect(stream: Readable): { text: () => string; onTooMuch: () => void } {
  const pieces: string[] = []
  let size = 0
  const collected = { text: () => pieces.join(''), onTooMuch: (): void => undefined }
  stream.on('data', (chunk: Buffer) => {
    if (size < 1 << 20) pieces.push(chunk.toString())
    size += chunk.length
    if (size > mostOutput) collected.onTooMuch()
  })
  return collected
}

function ended(stream: Readable): Promise<void> {
  if (stream.readableEnded) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })
}
