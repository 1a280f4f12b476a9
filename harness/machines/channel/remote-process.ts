import { PassThrough, Writable } from 'node:stream'
import type { Exit, RemoteProcess } from './channel.ts'

/** Bytes of a command's stdin that may be under way before the far end says it took some. */
const stdinWindow = 256 * 1024
/** Largest piece of stdin in one frame, so that commands share the stream fairly. */
const stdinPiece = 64 * 1024

/** What arrives from the far end for one command. */
export interface ProcessEvents {
  readonly stdout: (chunk: Buffer) => void
  readonly stderr: (chunk: Buffer) => void
  readonly consumed: (bytes: number) => void
  readonly exited: (exit: Exit) => void
  readonly lost: (error: Error) => void
}

interface ProcessControl {
  readonly write: (chunk: Buffer) => void
  readonly end: () => void
  readonly kill: (signal: NodeJS.Signals) => void
}

/** The near end of a command: node streams over frames. */
export function remoteProcess(pid: number, control: ProcessControl): { process: RemoteProcess; events: ProcessEvents } {
  const stdout = new PassThrough({ highWaterMark: 1 << 20 })
  const stderr = new PassThrough({ highWaterMark: 1 << 20 })
  let window = stdinWindow
  let blocked: (() => void) | undefined
  let gone = false

  const stdin = new Writable({
    highWaterMark: stdinWindow,
    write(chunk: Buffer, _encoding, done) {
      let at = 0
      const more = (): void => {
        blocked = undefined
        while (at < chunk.length && !gone) {
          if (window <= 0) {
            blocked = more
            return
          }
          const piece = chunk.subarray(at, at + Math.min(stdinPiece, window, chunk.length - at))
          control.write(piece)
          window -= piece.length
          at += piece.length
        }
        done()
      }
      more()
    },
    final(done) {
      if (!gone) control.end()
      done()
    },
  })

  let settle: (exit: Exit) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const exit = new Promise<Exit>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  exit.catch(() => undefined) // who only reads the streams need not handle it

  function finish(): void {
    gone = true
    stdout.end()
    stderr.end()
    blocked?.()
  }

  return {
    process: {
      pid,
      stdin,
      stdout,
      stderr,
      exit,
      kill: (signal = 'SIGTERM') => {
        if (!gone) control.kill(signal)
      },
    },
    events: {
      stdout: (chunk) => {
        stdout.write(chunk)
      },
      stderr: (chunk) => {
        stderr.write(chunk)
      },
      consumed: (bytes) => {
        window += bytes
        blocked?.()
      },
      exited: (how) => {
        finish()
        settle(how)
      },
      lost: (error) => {
        finish()
        fail(error)
      },
    },
  }
}
