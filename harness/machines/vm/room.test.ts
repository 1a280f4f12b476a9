import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { needDisk, needMemory } from './room.ts'

test('too little memory is told with how much there is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-room-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const meminfo = join(folder, 'meminfo')
  await writeFile(meminfo, 'MemTotal:       1024000 kB\nMemAvailable:     102400 kB\n')
  await expect(needMemory(50 * 2 ** 20, meminfo)).resolves.toBeUndefined()
  await expect(needMemory(200 * 2 ** 20, meminfo)).rejects.toThrow(
    'A VM needs 200 MB of memory, and 100 MB are available',
  )
})

test('too little disk is told with the folder', async () => {
  await expect(needDisk(tmpdir(), 1)).resolves.toBeUndefined()
  await expect(needDisk(tmpdir(), 2 ** 60)).rejects.toMatchObject({ code: 'NETWRIGHT_UNSUPPORTED' })
  await expect(needDisk(tmpdir(), 2 ** 60)).rejects.toThrow(`where: ${tmpdir()}`)
})
