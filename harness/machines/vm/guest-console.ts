import type { Readable } from 'node:stream'

/** Characters of a guest's console that are kept. */
const kept = 64 * 1024
/** Lines of it that an error shows. */
const shownLines = 40
/** Lines that it may show where the kernel's report of a trouble is longer. */
const mostLines = 120

/** Lines by which a kernel says that what it does from now on proves nothing. */
const troubles: readonly (readonly [what: string, line: RegExp])[] = [
  ['panicked', /Kernel panic - not syncing/],
  ['oopsed', /\b(BUG: |Oops: |general protection fault|double fault|Unable to handle kernel|invalid opcode: )/],
  ['locked up', /(soft lockup|hard LOCKUP|detected stalls|self-detected stall|blocked for more than \d+ seconds)/],
  ['ran out of memory', /Out of memory: Killed process|Out of memory and no killable processes/],
  ['had no room for its programs and modules', /Initramfs unpacking failed: write error/],
  ['warned', /\bWARNING: (CPU: |possible |suspicious |net\/|drivers\/|kernel\/|mm\/)/],
]

/** What the guest's kernel said was wrong. */
export interface GuestTrouble {
  /** `panicked`, `oopsed`, `locked up`, `ran out of memory`, `had no room for its programs and modules`, `warned`. */
  readonly what: string
  readonly line: string
}

/** The trouble in a line of a console, if it tells of one. */
export function readTrouble(line: string): GuestTrouble | undefined {
  const found = troubles.find(([, pattern]) => pattern.test(line))
  return found && { what: found[0], line: line.trim() }
}

/** The serial log of a guest. */
export interface GuestConsole {
  /** The last lines, for an error; with the whole report of a trouble, where it is longer. */
  readonly tail: () => string
  /** The first trouble that the kernel told of; resolves never when there is none. */
  readonly trouble: Promise<GuestTrouble>
  readonly firstTrouble: () => GuestTrouble | undefined
}

export function readConsole(stream: Readable): GuestConsole {
  let text = ''
  let line = ''
  let first: GuestTrouble | undefined
  let tell: (trouble: GuestTrouble) => void = () => undefined
  const trouble = new Promise<GuestTrouble>((resolve) => {
    tell = resolve
  })
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    const said = chunk.toString('latin1').replace(/\r/g, '')
    text = (text + said).slice(-kept)
    const lines = (line + said).split('\n')
    line = (lines.pop() ?? '').slice(-4096)
    for (const whole of lines) {
      const found = readTrouble(whole)
      if (!found) continue
      first ??= found
      tell(found)
    }
  })
  return {
    tail: () => {
      const lines = text.split('\n').slice(-mostLines)
      const told = lines.findIndex((one) => readTrouble(one) !== undefined)
      return lines
        .slice(told < 0 ? -shownLines : Math.max(0, Math.min(told, lines.length - shownLines)))
        .join('\n')
        .trim()
    },
    trouble,
    firstTrouble: () => first,
  }
}
