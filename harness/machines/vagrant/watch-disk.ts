import { isFull } from '../vm/room.ts'

/** Milliseconds between two looks. */
const lookMs = 1000

/** A disk that is looked at. */
export interface WatchedDisk {
  /** Aborted once it was full at two looks: QEMU stops a guest that cannot write, and nothing says so. */
  readonly isFull: AbortSignal
  readonly stop: () => void
}

/** Looks at the disk of a folder until it is told to stop. It keeps no process alive. */
export function watchDisk(folder: string): WatchedDisk {
  const full = new AbortController()
  let before = false
  const timer = setInterval(() => {
    isFull(folder).then(
      (now) => {
        if (now && before) full.abort()
        before = now
      },
      // The folder is gone with its run.
      () => undefined,
    )
  }, lookMs)
  timer.unref()
  return { isFull: full.signal, stop: () => clearInterval(timer) }
}
