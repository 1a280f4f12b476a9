import { spawn } from 'node:child_process'
import { arch } from 'node:os'
import { fileURLToPath } from 'node:url'
import { NetwrightError } from '../../model/errors.ts'
import type { Channel } from './channel.ts'
import { openChannel, type Transport } from './open-channel.ts'

/** The agent's program on this machine. */
export const agentFile = fileURLToPath(new URL('../agent/agent.pl', import.meta.url))

/** Arguments that start the agent, for a kernel of the given `uname -m`. */
export function agentCommand(file: string, machineArch: string): readonly string[] {
  return ['perl', file, machineArch]
}

/** `uname -m` of the machine the harness runs on. */
export function localArch(): string {
  switch (arch()) {
    case 'x64':
      return 'x86_64'
    case 'arm64':
      return 'aarch64'
    default:
      return arch()
  }
}

/**
 * Starts a local process that speaks the channel's language on its standard streams. It gets a session
 * of its own, so that Ctrl-C at the terminal reaches the harness alone, and ends when its stdin does.
 *
 * @throws NETWRIGHT_AGENT when the process cannot be started or ends before it greets
 */
export async function openLocalAgent(argv: readonly string[]): Promise<Channel> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4096)
  })
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => { resolve(error.message) })
    child.on('close', () => { resolve(words.trim()) })
  })
  const transport: Transport = {
    input: child.stdin,
    output: child.stdout,
    ended,
    destroy: () => {
      child.stdin.end()
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
  try {
    const channel = await openChannel(transport)
    return child.pid === undefined ? channel : { ...channel, localPid: child.pid }
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_AGENT', 'The agent did not start', {
      command: argv.join(' '),
      stderr: await ended,
      next: 'Run `netwright doctor`: it says what is missing and how to get it.',
      cause,
    })
  }
}
