import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, contentName, holdFolder, scratchPrefix } from './cache-folder.ts'
import type { CatalogueKernel } from './catalogue.ts'
import { openDebianArchive } from './debian-archive.ts'
import { everyTenth } from './fetch-progress.ts'
import { findKernelFiles } from './kernel-files.ts'
import { kernelFile, modulesFile, packKernel } from './pack-kernel.ts'
import { onDisk } from './room.ts'

/** A kernel that can be booted without a network: what `provideKernel` left in the cache. */
export interface StoredKernel {
  /** `uname -r`. */
  readonly release: string
  /** The uncompressed kernel. */
  readonly vmlinux: string
  /** Archive of the modules a guest gets, with depmod's tables, and the kernel's configuration. */
  readonly modules: string
}

/** What is remembered of a catalogue name: the release it stood for when it was fetched. */
interface StoreEntry {
  readonly release: string
  readonly folder: string
}

/**
 * The kernel of a catalogue entry: from the cache without any network, else fetched.
 *
 * @param onProgress - gets a sentence before each step that takes seconds, and while bytes come
 * @param again - fetch also what the cache has: the suite may have a newer one by now
 * @throws NETWRIGHT_KERNEL_NOT_FETCHED with apt's words
 */
export async function provideKernel(
  kernel: CatalogueKernel,
  onProgress: (sentence: string) => void,
  again = false,
): Promise<StoredKernel> {
  const store = await cacheFolder('kernels')
  const known = again ? undefined : await storedKernel(kernel.name)
  if (known) return known
  const letGo = await holdFolder(store)
  try {
    const meanwhile = again ? undefined : await storedKernel(kernel.name)
    if (meanwhile) return meanwhile
    return await onDisk(store, 'a kernel was fetched', () => fetchKernel(kernel, store, onProgress))
  } finally {
    await letGo()
  }
}

/** The kernel of a catalogue name when the cache has it. */
export async function storedKernel(name: string): Promise<StoredKernel | undefined> {
  const store = await cacheFolder('kernels')
  const text = await readFile(join(store, `${name}.json`), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { release, folder } = JSON.parse(text) as StoreEntry
  const stored = kernelIn(join(store, folder), release)
  return (await exists(stored.modules)) ? stored : undefined
}

async function fetchKernel(
  kernel: CatalogueKernel,
  store: string,
  onProgress: (sentence: string) => void,
): Promise<StoredKernel> {
  const wanted = `Linux ${kernel.name} (${kernel.package} of Debian ${kernel.suite})`
  onProgress(`fetching ${wanted}`)
  const archive = await openDebianArchive(kernel.suite, wanted)
  const names = await kernelPackages(kernel.package, archive.dependencies)
  const scratch = await mkdtemp(join(store, scratchPrefix))
  const tree = join(scratch, 'tree')
  await archive.unpack(names, tree, everyTenth(kernel.name, onProgress))
  const files = await findKernelFiles(tree)
  if (files === undefined) {
    throw new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `The packages of ${wanted} hold no kernel image`)
  }
  const { release } = files
  onProgress(`unpacking ${release}`)
  const folder = contentName(await readFile(files.image))
  const made = join(scratch, 'made')
  await mkdir(made)
  await packKernel(files, made, scratch)
  await rm(join(store, folder), { recursive: true, force: true })
  await rename(made, join(store, folder))
  const entry: StoreEntry = { release, folder }
  await writeFile(join(scratch, 'entry'), JSON.stringify(entry))
  await rename(join(scratch, 'entry'), join(store, `${kernel.name}.json`))
  return kernelIn(join(store, folder), release)
}

/** From Linux 7.2 on, Debian's image package is split: the files are in what it depends on. */
const kernelPackage = /^linux-(image|binary|modules|base)-\d/

async function kernelPackages(
  meta: string,
  dependencies: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const found = new Set<string>()
  const visit = async (name: string): Promise<void> => {
    for (const other of await dependencies(name)) {
      if (!kernelPackage.test(other) || found.has(other)) continue
      found.add(other)
      await visit(other)
    }
  }
  await visit(meta)
  if (found.size > 0) return [...found]
  throw new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `${meta} depends on no kernel package`)
}

/** What {@link packKernel} left in a folder of the cache. */
export function kernelIn(folder: string, release: string): StoredKernel {
  return { release, vmlinux: join(folder, kernelFile), modules: join(folder, modulesFile) }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
