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

const megabytes = (bytes: number) => String(Math.floor(bytes / mebi))
