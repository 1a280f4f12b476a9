// Plain JavaScript, because what starts the rest runs on any Node.
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * A path below the folder of the user's cache for what can be made or fetched again. The same as `cachePath` of
 * harness/machines/vm/cache-folder.ts; a test holds them together.
 *
 * @param {readonly string[]} parts
 */
export const cachePath = (...parts) =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'netwright', ...parts)
