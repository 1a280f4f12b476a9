import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { memoryForImage } from './boot-image.ts'

// 119 MB, of vm:7.2-full, did not fit in a guest of 384 MiB.
test.each([
  [97, 384],
  [110, 384],
  [119, 512],
  [261, 896],
])('an image of %i MB needs %i MiB of memory', async (megabytes, memoryMiB) => {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-image-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const initrd = join(folder, 'initrd')
  await writeFile(initrd, '')
  await truncate(initrd, megabytes * 1e6)
  expect(await memoryForImage({ vmlinux: '', initrd, name: '' })).toBe(memoryMiB)
})
