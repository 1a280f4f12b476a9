import { access, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cacheFolder, holdFolder, scratchPrefix } from './cache-folder.ts'
import type { StoredKernel } from './kernel-store.ts'
import { packNewc, type ArchiveEntry } from './newc.ts'
import { needDisk, onDisk } from './room.ts'
import { findUserland, userlandEntries } from './userland.ts'

/** What QEMU boots. */
export interface BootImage {
  readonly vmlinux: string
  readonly initrd: string
  /** A name that changes whenever anything in it does. */
  readonly name: string
}

/** Milliseconds after which an image of an older userland is surely not being read any more. */
const staleMs = 3_600_000

/** Bytes that an image takes at most; one with every program and module was 86 MB. */
const largestImage = 128 * 2 ** 20

/** Files that only some guests get. */
export interface ExtraFiles {
  /** Changes whenever any of them does. */
  readonly name: string
  /** How much they take, at most. */
  readonly bytes: number
  readonly entries: () => Promise<readonly ArchiveEntry[]>
}

/**
 * The kernel with an initramfs of this machine's userland and the kernel's modules; made once for each state of both.
 *
 * @param extra - files beside them
 */
export async function bootImage(kernel: StoredKernel, extra?: ExtraFiles): Promise<BootImage> {
  const parts = await findUserland()
  const folder = await cacheFolder('boot')
  const kernelName = basename(dirname(kernel.vmlinux))
  const name = [kernelName, parts.fingerprint, ...(extra === undefined ? [] : [extra.name])].join('-')
  const initrd = join(folder, `${name}.cpio`)
  const image: BootImage = { vmlinux: kernel.vmlinux, initrd, name }
  if (await exists(initrd)) return image
  const letGo = await holdFolder(folder)
  try {
    if (await exists(initrd)) return image
    await sweep(folder, kernelName)
    await needDisk(folder, largestImage + (extra?.bytes ?? 0))
    const scratch = join(folder, `${scratchPrefix}${name}`)
    const archives = [packNewc(await userlandEntries(parts)), await readFile(kernel.modules)]
    if (extra !== undefined) archives.push(packNewc(await extra.entries()))
    await onDisk(folder, 'the initramfs of a VM was written', () => writeFile(scratch, Buffer.concat(archives)))
    await rename(scratch, initrd)
    return image
  } finally {
    await letGo()
  }
}

/**
 * Memory that a guest with an image needs, in MiB. Its root takes at most half of what is left beside kernel and archive
 * (tmpfs(5)), and the archive goes only when it is unpacked: one that does not fit comes out without its last files.
 */
export async function memoryForImage({ initrd }: BootImage): Promise<number> {
  const needed = (3 * (await stat(initrd)).size) / 2 ** 20 + kernelMiB
  return Math.max(smallestMiB, Math.ceil(needed / 128) * 128)
}

/** What kernels take for themselves. */
const kernelMiB = 64
/** Enough for what labs run. */
const smallestMiB = 384

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** Removes images of earlier userlands. */
async function sweep(folder: string, kernelName: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    const old = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs > staleMs,
      () => false,
    )
    if (old && name.startsWith(kernelName)) await rm(file, { force: true })
  }
}
