import { spawn } from 'node:child_process'
import { arch } from 'node:os'
import { fileURLToPath } from 'node:url'
import { NetwrightError } from '../../model/errors.ts'
import type { AgentChannel } from './channel.ts'
import { openChannel, type Transport } from './open-channel.ts'

/** The agent's program on this machine. */
export const agentFile = fileURLToPath(new URL('../agent/agent.pl', import.meta.url))

/** Milliseconds until an agent that does not greet is given up. */
const greetingMs = 20_000
/** Milliseconds until an agent that does not end by itself is killed. */
const endingMs = 2000

/** Arguments that start the agent, for a kernel of the given `uname -m`. */
export function agentCommand(file: string, machineArch: string): readonly string[] {
  return ['perl', file, machineArch]
}

/** `uname -m` of the machine the harness runs on. */
export function localArch(): string {
  const names: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'x86_64', arm64: 'aarch64' }
  return names[arch()] ?? arch()
}

/**
 * Starts a local process that speaks the channel's language on its standard streams. It gets a session
 * of its own, so that Ctrl-C at the terminal reaches the harness alone, and ends when its stdin does. What cannot
 * see that, because it is stopped, gets SIGKILL from the kernel when the harness ends (PR_SET_PDEATHSIG(2const)).
 *
 * @throws NETWRIGHT_AGENT when the process cannot be started, ends before it greets, or never greets
 */
export async function openLocalAgent(argv: readonly string[]): Promise<AgentChannel> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4096)
  })
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message)
    })
    child.on('close', () => {
      resolve(words.trim())
    })
  })
  /** Kills what is still there after a while; what it started ends with it. */
  function killAfter(ms: number, last: string): () => void {
    const timer = setTimeout(() => {
      words += last
      child.kill('SIGKILL')
    }, ms)
    const stop = (): void => {
      clearTimeout(timer)
    }
    void ended.then(stop)
    return stop
  }
  const transport: Transport = {
    input: child.stdin,
    output: child.stdout,
    ended,
    destroy: () => {
      killAfter(endingMs, '')
      child.stdin.end()
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
  const greeted = killAfter(greetingMs, `no greeting within ${greetingMs / 1000} s`)
  try {
    const channel = await openChannel(transport)
    greeted()
    return { ...channel, localPid: () => Promise.resolve(child.pid) }
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_AGENT', 'The agent did not start', {
      command: argv.join(' '),
      stderr: await ended,
      next: 'Run `netwright doctor`: it says what is missing and how to get it.',
      cause,
    })
  }
}
