import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { localArch } from './agent-process.ts'
import type { Channel, Place, RemoteProcess } from './channel.ts'
import { encodeFrame } from './wire-format.ts'

const programFile = fileURLToPath(new URL('../agent/terminal.pl', import.meta.url))

/** Height and width of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

export interface TerminalOptions extends TerminalSize {
  readonly place?: Place
  readonly env: Readonly<Record<string, string>>
}

/**
 * Starts a command in a terminal of its own at the far end of a channel, which needs nothing there but perl. Its stdin
 * takes the frames that {@link typed} and {@link resized} make; its stdout is what the terminal shows.
 *
 * @throws FarEndError when perl cannot be started there
 */
export async function openTerminal(
  channel: Channel,
  argv: readonly string[],
  { rows, columns, ...options }: TerminalOptions,
): Promise<RemoteProcess> {
  const program = await readFile(programFile, 'utf8')
  const size = [localArch(), String(rows), String(columns)]
  return channel.spawn(['perl', '-e', program, ...size, ...argv], options)
}

/** The frame of bytes that were typed. */
export function typed(bytes: Uint8Array): Buffer {
  return encodeFrame('d', 0, bytes)
}

/** The frame of a new size. */
export function resized({ rows, columns }: TerminalSize): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt16BE(rows)
  payload.writeUInt16BE(columns, 2)
  return encodeFrame('w', 0, payload)
}
