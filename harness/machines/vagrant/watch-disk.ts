import { isFull } from '../vm/room.ts'

/** Milliseconds between two looks. */
const lookMs = 1000

/** A disk that is looked at. */
export interface WatchedDisk {
  /** Aborted once it was full at two looks and what writes to it did not go on. */
  readonly stuck: AbortSignal
  readonly stop: () => void
}

/**
 * Looks at the disk of a folder until it is told to stop: QEMU stops a guest that cannot write, and nothing says so. It keeps
 * no process alive.
 *
 * @param goesOn - whether what writes to the disk goes on although it is full, with a deadline of its own: a guest runs until
 *   it writes, so it is asked again at each look. Without it nothing does.
 */
export function watchDisk(folder: string, goesOn = () => Promise.resolve(false)): WatchedDisk {
  const stuck = new AbortController()
  let before = false
  let busy = false
  const look = async (): Promise<void> => {
    const now = await isFull(folder)
    if (now && before && !(await goesOn())) {
      clearInterval(timer)
      stuck.abort()
    }
    before = now
  }
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    // It throws when the folder has gone with its run.
    void look()
      .catch(() => undefined)
      .finally(() => (busy = false))
  }, lookMs)
  timer.unref()
  return { stuck: stuck.signal, stop: () => clearInterval(timer) }
}
