import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { contentName } from './cache-folder.ts'
import { keepBuilds } from './qemu-store.ts'

test('of the builds that were fetched, the new one and the one before it stay', async () => {
  const store = await mkdtemp(join(tmpdir(), 'netwright-qemu-'))
  onTestFinished(() => rm(store, { recursive: true, force: true }))
  const [oldest, former, newest] = ['1', '2', '3'].map((content) => contentName(content)) as [string, string, string]
  for (const build of [oldest, former, newest, 'scratch-x']) {
    await mkdir(join(store, build, 'usr/bin'), { recursive: true })
    await writeFile(join(store, build, 'usr/bin/qemu-system-x86_64'), '')
  }
  await writeFile(join(store, 'qemu.json'), '{}')
  await writeFile(join(store, 'lock'), '')
  await keepBuilds(store, [newest, former])
  expect((await readdir(store)).sort()).toEqual([former, newest, 'lock', 'qemu.json', 'scratch-x'].sort())
})
