import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findCardQemu, findQemu, newestFirst } from './find-qemu.ts'
import { cardMacs, guestArguments, type GuestOptions } from './qemu.ts'

// Programs that answer as QEMU does: nobody has all versions installed.
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-qemu-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
  vi.stubEnv('NETWRIGHT_QEMU', undefined)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function program(path: string, version: string, hasIgb: boolean): Promise<string> {
  const file = join(folder, path, 'qemu-system-x86_64')
  const card = hasIgb ? 'echo "igb options:"' : `echo "Device 'igb' not found" >&2`
  await mkdir(dirname(file), { recursive: true })
  await writeFile(
    file,
    `#!/bin/sh\ncase "$*" in *igb,help*) ${card} ;; *) echo "QEMU emulator version ${version} (test)" ;; esac\n`,
  )
  await chmod(file, 0o755)
  return file
}

async function onPath(version: string, hasIgb: boolean): Promise<string> {
  const file = await program('path', version, hasIgb)
  vi.stubEnv('PATH', `${dirname(file)}:/usr/bin:/bin`)
  return file
}

async function inCache(version: string): Promise<string> {
  const file = await program(join('netwright', 'qemu', 'made', 'usr', 'bin'), version, true)
  await writeFile(join(folder, 'netwright', 'qemu', 'qemu.json'), JSON.stringify({ version, folder: 'made' }))
  return file
}

test('ordinary guests have the QEMU on PATH, those with a card the newest that has one', async () => {
  const old = await onPath('7.2.22', false)
  expect(await findCardQemu()).toEqual({
    reason: 'QEMU 7.2.22 has no igb, the SR-IOV card (8.0 or newer is needed): netwright kernels fetch qemu',
    canBeFetched: true,
  })
  const fetched = await inCache('10.0.2')
  expect(await findQemu()).toEqual({ program: old, version: '7.2.22' })
  expect(await findCardQemu()).toEqual({ qemu: { program: fetched, version: '10.0.2' } })
  const newer = await onPath('10.1.0', true)
  expect(await findCardQemu()).toEqual({ qemu: { program: newer, version: '10.1.0' } })
})

test('a newer QEMU that was built without the card is passed over', async () => {
  await onPath('11.0.0', false)
  const fetched = await inCache('10.0.2')
  expect(await findCardQemu()).toEqual({ qemu: { program: fetched, version: '10.0.2' } })
})

test('NETWRIGHT_QEMU decides for all guests', async () => {
  await onPath('10.1.0', true)
  await inCache('10.0.2')
  const named = await program('own', '7.0.0', false)
  vi.stubEnv('NETWRIGHT_QEMU', named)
  expect(await findQemu()).toEqual({ program: named, version: '7.0.0' })
  expect(await findCardQemu()).toEqual({
    reason:
      'QEMU 7.0.0 has no igb, the SR-IOV card (8.0 or newer is needed): let NETWRIGHT_QEMU name a newer one, or unset it',
    canBeFetched: false,
  })
  vi.stubEnv('NETWRIGHT_QEMU', join(folder, 'nowhere'))
  await expect(findQemu()).rejects.toThrow('NETWRIGHT_QEMU names no program')
})

test('without any, the command that installs it is named', async () => {
  vi.stubEnv('PATH', join(folder, 'empty'))
  await expect(findQemu()).rejects.toThrowErrorMatchingInlineSnapshot(`
    [NetwrightError: A VM needs QEMU, and this machine has no qemu-system-x86_64 [NETWRIGHT_TOOL_MISSING]
      next: apt-get install -y --no-install-recommends qemu-system-x86]
  `)
  expect(await findCardQemu()).toMatchObject({ reason: expect.stringContaining('this machine has no QEMU') as string })
})

test('versions are numbers', () => {
  const versions = ['9.2.1', '10.0.2', '7.2.22', '10.0.10'].map((version) => ({ version }))
  expect(versions.sort(newestFirst).map(({ version }) => version)).toEqual(['10.0.10', '10.0.2', '9.2.1', '7.2.22'])
})

test('a guest with a card has PCI Express, and the card’s cable leads to its port only', () => {
  const image = { vmlinux: '/vmlinux', initrd: '/initrd', name: 'image' }
  const options: GuestOptions = { image, accelerator: 'tcg', memoryMiB: 384 }
  expect(guestArguments(options).join(' ')).not.toMatch(/igb|q35|hubport/)
  const withCard = guestArguments({ ...options, card: true }).join(' ')
  expect(withCard).toContain('-M q35,')
  expect(withCard).toContain(`-device igb,bus=slot1,netdev=card,mac=${cardMacs.card},`)
  expect(withCard.match(/hubport,id=\w+,hubid=0/g)).toEqual(['hubport,id=card,hubid=0', 'hubport,id=port,hubid=0'])
})
