import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import type { Channel } from '../channel/channel.ts'
import { openChannel, type Transport } from '../channel/open-channel.ts'
import { encodeFrame } from '../channel/wire-format.ts'
import { openMonitor, type Monitor } from './monitor.ts'
import { readConsole, type GuestConsole } from './guest-console.ts'
import type { Qemu } from './qemu.ts'

/** Milliseconds from QEMU's start to the agent's greeting, at most. */
const bootMs = 60_000
/** Milliseconds a kernel gets to finish what it has to say of a trouble. */
const lastWordsMs = 1_000

export interface StartOptions {
  /** Brings back a guest that was put away, whose agent has greeted long ago. */
  readonly resume?: (monitor: Monitor) => Promise<void>
  /** Gets the stream of the network card of a guest that has one (see {@link GuestOptions.trunk}). */
  readonly trunk?: (stream: Duplex) => void
  /** Milliseconds until a guest whose agent does not answer is given up. */
  readonly limitMs?: number
}

/** A running guest. */
export interface Guest {
  readonly channel: Channel
  readonly console: GuestConsole
  /** Speaks QEMU's control protocol; once, and not to a guest that was resumed. */
  readonly openMonitor: () => Promise<Monitor>
  /** Ends the guest, giving the reason to all who wait for it. */
  readonly end: (reason: string) => void
  /** Resolves with what ended the guest and the tail of its console. */
  readonly ended: Promise<string>
}

/**
 * Starts QEMU and waits for the agent inside.
 *
 * QEMU gets SIGKILL from the kernel when this process ends; should it end before that is in force, the guest's channel
 * is closed, its agent exits, and the guest with it.
 *
 * @throws NETWRIGHT_GUEST with the console's tail when no agent greets
 */
export async function startGuest(
  qemu: Qemu,
  args: readonly string[],
  { resume, trunk, limitMs = bootMs }: StartOptions = {},
): Promise<Guest> {
  const argv = ['--pdeathsig', 'KILL', '--', qemu.program, ...args]
  const child = spawn('setpriv', argv, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...(trunk ? ['pipe' as const] : [])],
    detached: true,
  })
  const [agent, consoleStream, monitor] = [3, 4, 5].map((fd) => child.stdio[fd])
  if (!(agent instanceof Duplex) || !(consoleStream instanceof Duplex) || !(monitor instanceof Duplex)) {
    throw new NetwrightError('NETWRIGHT_GUEST', 'QEMU cannot be started', {
      command: [qemu.program, ...args].join(' '),
    })
  }
  const network = child.stdio.at(6)
  if (network instanceof Duplex) trunk?.(network)
  let stderr = ''
  let reason: string | undefined
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000)
  })
  for (const stream of [agent, monitor]) stream.on('error', () => undefined)
  const console = readConsole(consoleStream)
  const end = (why: string): void => {
    reason ??= why
    child.kill('SIGKILL')
  }
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message)
    })
    child.on('close', (code, signal) => {
      const trouble = console.firstTrouble()
      const why = reason ?? (trouble ? troubleText(trouble) : `QEMU ended with ${signal ?? String(code)}`)
      resolve([why, stderr.trim(), consoleText(console)].filter((part) => part !== '').join('\n'))
    })
  })
  void console.trouble.then((trouble) => {
    setTimeout(() => {
      end(troubleText(trouble))
    }, lastWordsMs)
  })
  const transport: Transport = {
    input: agent,
    output: agent,
    ended,
    destroy: () => {
      end('it was shut down')
    },
  }
  const late = setTimeout(() => {
    end(`no agent greeted within ${limitMs / 1000} s`)
  }, limitMs)
  try {
    const openTheMonitor = (): Promise<Monitor> => openMonitor(monitor)
    const resumed = async (): Promise<void> => {
      if (!resume) return
      await resume(await openTheMonitor())
      // An answer to request 0 stands for the greeting.
      agent.write(encodeFrame('Y', 0))
    }
    const [channel] = await Promise.all([openChannel(transport), resumed()])
    return { channel, console, openMonitor: openTheMonitor, end, ended }
  } catch (error) {
    end(error instanceof Error ? error.message : String(error))
    throw new NetwrightError('NETWRIGHT_GUEST', 'The VM did not come up', {
      command: [qemu.program, ...args].join(' '),
      stderr: await ended,
      next: 'The tail of its console is above; `netwright doctor` says whether this machine can run VMs.',
    })
  } finally {
    clearTimeout(late)
  }
}

/** The sentence of a trouble. */
export const troubleText = ({ what, line }: { readonly what: string; readonly line: string }) =>
  `the guest's kernel ${what}: ${line}`

/** The end of a guest's console, for an error. */
export function consoleText(console: GuestConsole): string {
  const tail = console.tail()
  return tail === '' ? 'The guest wrote nothing to its console.' : `The guest's console ended with:\n${tail}`
}
