import { spawn } from 'node:child_process'
import { NetwrightError, type ErrorCode } from '../../model/errors.ts'

export interface ToolOptions {
  readonly cwd?: string
  readonly input?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** Code of the error when the program is missing or fails. */
  readonly code?: ErrorCode
  /** What the user can do when it fails. */
  readonly next?: string
}

/**
 * Runs one of this machine's programs to its end.
 *
 * @returns what it printed
 * @throws with its stderr when it is missing or fails
 */
export async function tool(argv: readonly string[], options: ToolOptions = {}): Promise<Buffer> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, PATH: toolPath(), LC_ALL: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const pieces: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
  child.stderr.on('data', (piece: Buffer) => {
    stderr = (stderr + piece.toString()).slice(-4000)
  })
  child.stdin.on('error', () => undefined) // it may end without reading all
  child.stdin.end(options.input)
  const problem = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message)
    })
    child.on('close', (code, signal) => {
      resolve(code === 0 ? undefined : `${program} ended with ${signal ?? String(code)}`)
    })
  })
  if (problem === undefined) return Buffer.concat(pieces)
  throw new NetwrightError(options.code ?? 'NETWRIGHT_TOOL_MISSING', problem, {
    command: argv.join(' '),
    stderr,
    ...(options.next === undefined ? {} : { next: options.next }),
  })
}

/** The programs for administrators are often not on an ordinary user's PATH. */
export function toolPath(): string {
  return `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`
}
