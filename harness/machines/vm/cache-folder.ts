import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Folder of the user's cache for what can be made or fetched again; made when it is missing. */
export async function cacheFolder(...parts: readonly string[]): Promise<string> {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(base, 'netwright', ...parts)
  await mkdir(folder, { recursive: true })
  return folder
}

/** A name for content: the first half of its SHA-256. */
export function contentName(...parts: readonly (string | Uint8Array)[]): string {
  const hash: Hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 32)
}

/**
 * Holds a lock among all processes that use the cache. The kernel lets go of it when this process ends, however it
 * ends, so there are no stale locks.
 *
 * @param file - the lock's file, made when it is missing
 * @returns what lets go of it
 */
export async function holdLock(file: string): Promise<() => void> {
  const child = spawn('flock', ['-x', file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => {
      resolve()
    })
    child.once('error', reject)
    child.once('close', () => {
      reject(new Error(`${file} cannot be locked`))
    })
  })
  child.removeAllListeners('close')
  child.on('error', () => undefined)
  return () => {
    child.stdin.end()
  }
}
