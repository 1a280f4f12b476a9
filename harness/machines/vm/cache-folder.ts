import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A path below the folder of the user's cache for what can be made or fetched again. */
export function cachePath(...parts: readonly string[]): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'netwright', ...parts)
}

/** Folder of the user's cache; made when it is missing. */
export async function cacheFolder(...parts: readonly string[]): Promise<string> {
  const folder = cachePath(...parts)
  await mkdir(folder, { recursive: true })
  return folder
}

/** A name for content: the first half of its SHA-256. */
export function contentName(...parts: readonly (string | Uint8Array)[]): string {
  const hash: Hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 32)
}

/** Beginning of the names of what is being made in a cache folder. */
export const scratchPrefix = 'scratch-'

/**
 * Lets this process alone make things in a cache folder. Who holds the lock is a process of its own: when this one lets
 * go of it or ends, however it ends, that one removes what is half made, and the kernel lets go of the lock.
 *
 * @returns what lets go of it
 */
export async function holdFolder(folder: string): Promise<() => Promise<void>> {
  // What this process has started ends with it, but not at the same instant, and may still be writing.
  const remove = `until rm -rf "$1"/${scratchPrefix}* || [ $((tries += 1)) -ge 100 ]; do sleep 0.1; done`
  const script = `tries=0; echo held; cat; ${remove}`
  const argv = ['-x', join(folder, 'lock'), 'sh', '-c', script, 'sh', folder]
  const child = spawn('flock', argv, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve()
    })
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => {
      resolve()
    })
    child.once('error', reject)
    void ended.then(() => {
      reject(new Error(`${folder} cannot be locked`))
    })
  })
  return () => {
    child.stdin.end()
    return ended
  }
}
