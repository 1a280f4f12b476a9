import { access, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startKeeper } from './keeper.ts'
import { leftRuns, makeRun, sweepRuns } from './runs.ts'

let cache = ''
const before = process.env['XDG_CACHE_HOME']

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'netwright-runs-'))
  process.env['XDG_CACHE_HOME'] = cache
})

afterAll(async () => {
  if (before === undefined) Reflect.deleteProperty(process.env, 'XDG_CACHE_HOME')
  else process.env['XDG_CACHE_HOME'] = before
  await rm(cache, { recursive: true, force: true })
})

const left = async () => (await leftRuns()).map(({ name }) => name)
const longAgo = new Date(Date.now() - 600_000)

/** A run's folder as its maker or a killed keeper left it, with files of so long ago. */
async function runWith(files: readonly string[], at = new Date()): Promise<string> {
  const run = await makeRun()
  onTestFinished(() => rm(run, { recursive: true, force: true }))
  for (const file of files) {
    await mkdir(join(run, file, '..'), { recursive: true })
    await writeFile(join(run, file), '')
    await utimes(join(run, file), at, at)
    await utimes(join(run, file, '..'), at, at)
  }
  await utimes(run, at, at)
  return run
}

test.each([
  ['that has just been made', [], new Date(), false],
  ['that was made long ago and never kept', [], longAgo, true],
  ['whose keeper is about to take its lock', ['lock'], new Date(), false],
  ['whose keeper was killed before it had its lock', ['lock'], longAgo, true],
  ['whose keeper was killed, however young it is', ['lock', 'keeper.pid'], new Date(), true],
])('a folder %s', async (_, files, at, isLeft) => {
  const run = await runWith(files, at)
  expect((await left()).includes(basename(run))).toBe(isLeft)
})

test('a folder into which a box is being copied for minutes is not left', async () => {
  const run = await runWith(['images/box.img'], longAgo)
  expect(await left()).toEqual([basename(run)])
  await writeFile(join(run, 'images', 'box.img'), 'more of it')
  await utimes(join(run, 'images'), longAgo, longAgo)
  expect(await left()).toEqual([])
})

test('runs that start side by side do not sweep each other away', async () => {
  const start = async (): Promise<void> => {
    await sweepRuns()
    const run = await makeRun()
    const keeper = await startKeeper(run, 'shared')
    await access(join(run, 'keeper.pid'))
    await sweepRuns()
    await keeper.stop()
    await expect(access(run)).rejects.toThrow('ENOENT')
  }
  for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 8 }, start))
})
