import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * On the first signal, says what there is to say and ends this process and its workers; a second one ends it while it
 * still speaks. Labs end with the workers.
 *
 * @returns a function that gives the signals back
 */
export function onInterrupt(last: (signal: NodeJS.Signals) => void): () => void {
  let interrupted = false
  const handle = (signal: NodeJS.Signals): void => {
    const code = 128 + constants.signals[signal]
    if (interrupted) process.exit(code)
    interrupted = true
    try {
      last(signal)
    } finally {
      endChildren()
      process.exit(code)
    }
  }
  for (const signal of signals) process.on(signal, handle)
  return () => {
    for (const signal of signals) process.off(signal, handle)
  }
}

/** A worker that computes would only notice at its next pause that we are gone. */
function endChildren(): void {
  const pid = String(process.pid)
  let children: string[] = []
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  } catch {
    // Without CONFIG_PROC_CHILDREN they end by themselves, when their channel to us closes.
  }
  for (const child of children.map(Number).filter((number) => number > 0)) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It ended in the meantime.
    }
  }
}
