import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it. Not `mkdirSync(…, { recursive: true })`: below /proc, where making one fails with
 * ENOENT although what is above exists, that tries for ever.
 *
 * @throws the error of mkdir(2)
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  mkdirSync(path)
}
