import { readFile, statfs } from 'node:fs/promises'
import { NetwrightError } from '../../model/errors.ts'

const mebi = 2 ** 20

/**
 * Checks that a file system has room for what will be written to it.
 *
 * @throws NETWRIGHT_UNSUPPORTED with how much there is
 */
export async function needDisk(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= bytes) return
  const what = `A VM needs ${megabytes(bytes)} MB of disk for its kernel, memory and programs, and ${megabytes(free)} MB are free`
  const next = 'Free some, or set XDG_CACHE_HOME to a folder of a larger disk.'
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', what, { place: folder, next })
}

/**
 * Checks that this machine has the memory that a guest may come to use.
 *
 * @param meminfo - file in the format of proc_meminfo(5)
 * @throws NETWRIGHT_UNSUPPORTED with how much there is
 */
export async function needMemory(bytes: number, meminfo = '/proc/meminfo'): Promise<void> {
  const text = await readFile(meminfo, 'utf8').catch(() => '')
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1]
  const free = available === undefined ? Infinity : Number(available) * 1024
  if (free >= bytes) return
  const what = `A VM needs ${megabytes(bytes)} MB of memory, and ${megabytes(free)} MB are available`
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', what, { next: 'End something that takes memory.' })
}

/** Bytes below which a file system is taken to be full: no program's next write fits. */
const leastFree = 2 ** 18

/** Whether a file system is full for this process: root may write to what is reserved for it. */
export async function isFull(folder: string): Promise<boolean> {
  const { bavail, bfree, bsize } = await statfs(folder)
  return (process.geteuid?.() === 0 ? bfree : bavail) * bsize < leastFree
}

/** Whether a program's words mean a full disk; the second are tar's for what it could write only half. */
export const saysFull = (words: string): boolean =>
  /ENOSPC|No space left on device|Wrote only \d+ of \d+ bytes/.test(words)

/** The error for a disk that somebody has filled after {@link needDisk} found room. */
export function diskFull(
  folder: string,
  what: string,
  details: { stderr?: string; cause?: unknown } = {},
): NetwrightError {
  const next = `Free some of the disk of ${folder}, or set XDG_CACHE_HOME to a folder of a larger one; then run it again.`
  return new NetwrightError('NETWRIGHT_DISK_FULL', `The disk became full while ${what}`, {
    place: folder,
    next,
    ...details,
  })
}

/**
 * Does what writes to a disk. When it fails and the disk is full, that is why, whatever it says itself: a file that is
 * mapped kills its writer with SIGBUS.
 *
 * @throws NETWRIGHT_DISK_FULL
 */
export async function onDisk<Result>(folder: string, what: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write()
  } catch (cause) {
    if (!(cause instanceof Error && saysFull(cause.message)) && !(await isFull(folder))) throw cause
    const own = cause instanceof NetwrightError ? cause.details.stderr : undefined
    throw diskFull(folder, what, { stderr: own ?? (cause instanceof Error ? cause.message : String(cause)), cause })
  }
}

const megabytes = (bytes: number) => String(Math.floor(bytes / mebi))
