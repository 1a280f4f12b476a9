import { spawn } from 'node:child_process'

export interface StepOptions {
  /** Milliseconds from its start to the end of its patience. */
  readonly limitMs: number
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  /** Ends it as its deadline does. */
  readonly signal?: AbortSignal
  /** Gets each line as it comes. */
  readonly onLine?: (line: string) => void
}

/** How a step ended. */
export interface StepEnd {
  /** `done`; `failed` with an exit code or a signal; `late` when its time was over; `absent` when there is no such program. */
  readonly kind: 'done' | 'failed' | 'late' | 'absent'
  readonly stdout: string
  /** Standard output and error, in the order they came. */
  readonly said: string
}

/** Characters of what a step says that are kept. */
const kept = 64 * 1024

/**
 * Runs a program with an outer deadline: whatever hangs in it, after that time the whole process group is killed. It ends
 * with this process in any case (PR_SET_PDEATHSIG(2const)); what it started has to be ended by other means.
 */
export function runStep(
  argv: readonly string[],
  { limitMs, env, input, signal, onLine }: StepOptions,
): Promise<StepEnd> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
  })
  child.stdin.on('error', () => undefined) // it may end without reading all
  child.stdin.end(input)
  let [stdout, said, line] = ['', '', '']
  const take = (chunk: Buffer): void => {
    const text = chunk.toString()
    said = (said + text).slice(-kept)
    const lines = (line + text).split('\n')
    line = lines.pop() ?? ''
    for (const one of lines) onLine?.(one)
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-kept)
    take(chunk)
  })
  child.stderr.on('data', take)
  let isLate = false
  const giveUp = (): void => {
    isLate = true
    killGroup(child.pid)
  }
  const timer = setTimeout(giveUp, limitMs)
  signal?.addEventListener('abort', giveUp, { once: true })
  return new Promise((resolve) => {
    const end = (kind: StepEnd['kind']): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      resolve({ kind, stdout, said })
    }
    child.once('error', () => end('absent'))
    // A daemon that it leaves behind may hold its output open.
    child.once('exit', (code) => {
      const settle = (): void => end(isLate ? 'late' : code === 0 ? 'done' : code === 127 ? 'absent' : 'failed')
      if (isLate) settle()
      else {
        const impatient = setTimeout(settle, 500)
        child.once('close', () => {
          clearTimeout(impatient)
          settle()
        })
      }
    })
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
