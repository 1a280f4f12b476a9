import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cacheFolder } from '../harness/machines/vm/cache-folder.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'

/** `npm run test:chaos` asks for more. */
const rounds = Number(process.env['NETWRIGHT_CHAOS_ROUNDS'] ?? 2)
/** Milliseconds of a run in which it is killed: a first one makes the guest's image and template, then labs. */
const spanMs = 10_000

const main = join(import.meta.dirname, '../harness/cli/main.ts')
const reason = await vmObstacle('6.1')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-killed-'))
  await mkdir(join(folder, 'tmp'))
  await mkdir(join(folder, 'cache/netwright'), { recursive: true })
  // Kernels need not be fetched again; everything that is made of them is.
  await symlink(await cacheFolder('kernels'), join(folder, 'cache/netwright/kernels'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test(
  `kill -9 of a run at ${String(rounds)} random moments leaves nothing`,
  async (context) => {
    if (reason !== undefined) context.skip(reason)
    const shared = await sharedMemory()
    let guests = 0
    for (let round = 0; round < rounds; round++) {
      const marker = `nw-killed-${String(process.pid)}-${String(round)}`
      const child = spawn(process.execPath, [main, 'run', 'macvlan-in-action', '--on', 'vm:6.1'], {
        env: {
          ...process.env,
          XDG_CACHE_HOME: join(folder, 'cache'),
          TMPDIR: join(folder, 'tmp'),
          NETWRIGHT_TEST: marker,
        },
        stdio: 'ignore',
      })
      const ms = Math.round(spanMs * Math.random())
      await Promise.race([pause(ms), once(child, 'exit')])
      guests += processesWith(`NETWRIGHT_TEST=${marker}`).filter((line) => line.includes('qemu-system')).length
      child.kill('SIGKILL')
      const left = async () => ({
        processes: processesWith(`NETWRIGHT_TEST=${marker}`),
        unfinished: await unfinished(),
        temporary: await readdir(join(folder, 'tmp')),
        shared: (await sharedMemory()).filter((name) => !shared.includes(name)),
      })
      await expect
        .poll(left, { timeout: 15_000, interval: 100, message: `killed after ${String(ms)} ms` })
        .toEqual({ processes: [], unfinished: [], temporary: [], shared: [] })
    }
    // Of so many, some were killed while guests ran.
    if (rounds >= 10) expect(guests).toBeGreaterThan(0)
  },
  30_000 + rounds * 30_000,
)

/** What is half made in the cache. */
async function unfinished(): Promise<readonly string[]> {
  const files = await readdir(join(folder, 'cache'), { recursive: true })
  return files.filter((path) => /(^|\/)scratch-/.test(path))
}

/** Files that RAM could be in; those of other programs come and go. */
async function sharedMemory(): Promise<readonly string[]> {
  return (await readdir('/dev/shm')).filter((name) => /netwright|qemu|ram/i.test(name))
}

/** The command lines of the processes whose environment holds a text. */
function processesWith(text: string): readonly string[] {
  const script =
    'for d in /proc/[0-9]*; do { tr "\\0" "\\n" <$d/environ | grep -qx "$1" && tr "\\0" " " <$d/cmdline && echo; } 2>/dev/null; done; :'
  return execFileSync('sh', ['-c', script, 'sh', text])
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}
