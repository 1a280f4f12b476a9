import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { NetwrightError } from '../model/errors.ts'
import type { Exit, RemoteProcess } from '../machines/channel/channel.ts'
import { resized, typed } from '../machines/channel/terminal.ts'

/** A shell without anybody's habits. */
export const shellArguments = ['bash', '--noprofile', '--norc', '-i'] as const

/** The prompt of a shell on a place of a lab. */
export const promptOf = (place: string) => ({ PS1: `${place}:\\w\\$ ` })

/** The size of the terminal that this process has, for {@link useTerminal}. */
export const terminalSize = () => ({ rows: process.stdout.rows, columns: process.stdout.columns })

/** Carries our streams to a command and back; answers its exit code. */
export async function useStreams(child: RemoteProcess): Promise<number> {
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', forward).on('SIGTERM', forward)
  child.stdin.on('error', () => undefined)
  if (process.stdin.isTTY) child.stdin.end()
  else process.stdin.pipe(child.stdin)
  child.stdout.pipe(process.stdout, { end: false })
  child.stderr.pipe(process.stderr, { end: false })
  const exit = await child.exit
  process.stdin.unpipe().destroy()
  process.off('SIGINT', forward).off('SIGTERM', forward)
  return codeOf(exit)
}

/** Puts our terminal at the service of a command that has one at the far end (`openTerminal`); answers its exit code. */
export async function useTerminal(child: RemoteProcess): Promise<number> {
  const { stdin, stdout } = process
  const type = (bytes: Buffer) => child.stdin.write(typed(bytes))
  const resize = () => child.stdin.write(resized(terminalSize()))
  child.stdin.on('error', () => undefined)
  stdin.setRawMode(true).on('data', type)
  stdout.on('resize', resize)
  child.stdout.pipe(stdout, { end: false })
  child.stderr.pipe(process.stderr, { end: false })
  try {
    return codeOf(await child.exit)
  } finally {
    stdin.off('data', type).setRawMode(false).destroy()
    stdout.off('resize', resize)
  }
}

/** An interactive shell on this machine: it gets the terminal itself. */
export async function openLocalShell(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const shell = spawn(program, [...args, ...shellArguments], { stdio: 'inherit', env: { ...process.env, ...env } })
  // Ctrl-C is for what runs in the shell.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  return new Promise((resolve, reject) => {
    shell.on('error', (cause) => {
      reject(
        new NetwrightError('NETWRIGHT_TOOL_MISSING', 'nsenter cannot be started', {
          next: 'Install util-linux.',
          cause,
        }),
      )
    })
    shell.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      resolve(codeOf({ code, signal }))
    })
  })
}

const codeOf = ({ code, signal }: Pick<Exit, 'code' | 'signal'>) =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal])
