import { access, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, contentName, holdFolder, scratchPrefix } from './cache-folder.ts'
import type { CatalogueKernel } from './catalogue.ts'
import { openDebianArchive } from './debian-archive.ts'
import { chooseModules, readModulesDep } from './guest-modules.ts'
import { checkElf, packings, readKernelImage } from './kernel-image.ts'
import { packNewc, type ArchiveEntry } from './newc.ts'
import { tool } from './tool.ts'

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
    return meanwhile ?? (await fetchKernel(kernel, store, onProgress))
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
  let told = 0
  await archive.unpack(names, tree, (done, total) => {
    const tenths = Math.floor((10 * done) / Math.max(total, 1))
    if (tenths > told) onProgress(`fetching ${kernel.name}: ${megabytes(done)} of ${megabytes(total)} MB`)
    told = Math.max(told, tenths)
  })
  const image = await onlyFile(join(tree, 'boot'), /^vmlinuz-/, wanted)
  const kernelRelease = basename(image).replace('vmlinuz-', '')
  onProgress(`unpacking ${kernelRelease}`)
  const made = join(scratch, 'made')
  await mkdir(made)
  const folder = await storeImage(image, made)
  await writeFile(join(made, 'modules.cpio'), await packModules(tree, kernelRelease, scratch))
  await rm(join(store, folder), { recursive: true, force: true })
  await rename(made, join(store, folder))
  const entry: StoreEntry = { release: kernelRelease, folder }
  await writeFile(join(scratch, 'entry'), JSON.stringify(entry))
  await rename(join(scratch, 'entry'), join(store, `${kernel.name}.json`))
  return kernelIn(join(store, folder), kernelRelease)
}

const megabytes = (bytes: number) => String(Math.round(bytes / 1e6))

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

/** Writes the uncompressed kernel, which boots seconds faster under emulation; answers the name of its content. */
async function storeImage(image: string, made: string): Promise<string> {
  const bytes = await readFile(image)
  const read = readKernelImage(bytes, image)
  const vmlinux = join(made, 'vmlinux')
  if (read.kind === 'elf') {
    await writeFile(vmlinux, bytes)
  } else {
    const next = `apt-get install -y --no-install-recommends ${read.packing === 'xz' || read.packing === 'lzma' ? 'xz-utils' : read.packing}`
    const unpacked = await unpack([...packings[read.packing]], read.payload, next)
    checkElf(unpacked, image)
    await writeFile(vmlinux, unpacked)
  }
  return contentName(bytes)
}

/** lz4 and gzip complain of what follows the stream (its size, four bytes), after they have written all of it. */
async function unpack(argv: readonly string[], payload: Buffer, next: string): Promise<Buffer> {
  return tool(['sh', '-c', '"$@" 2>/dev/null || command -v "$1" >/dev/null', 'sh', ...argv], { input: payload, next })
}

/** Packs the modules that a guest may need, uncompressed: the guest's processor is the slower one. */
async function packModules(tree: string, release: string, scratch: string): Promise<Buffer> {
  // depmod looks under /lib; newer packages have /usr/lib.
  const base = (await readdir(tree)).includes('lib') ? tree : join(tree, 'usr')
  await tool(['depmod', '-b', base, release])
  const source = join(base, 'lib', 'modules', release)
  const chosen = chooseModules(readModulesDep(await readFile(join(source, 'modules.dep'), 'utf8')))
  const work = join(scratch, 'depmod')
  const target = join(work, 'lib', 'modules', release)
  await mkdir(target, { recursive: true })
  for (const path of [...chosen, 'modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await copyFile(join(source, path), join(target, path))
  }
  const packed = chosen.filter((path) => path.endsWith('.xz')).map((path) => join(target, path))
  if (packed.length > 0) await tool(['xargs', '-0', 'xz', '-d'], { input: Buffer.from(packed.join('\0')) })
  await tool(['depmod', '-b', work, release])
  const entries: ArchiveEntry[] = []
  for (const file of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    const path = join(file.parentPath, file.name)
    entries.push({
      kind: 'file',
      path: `/usr/lib/modules/${release}${path.slice(target.length)}`,
      bytes: await readFile(path),
    })
  }
  const config = await readFile(join(tree, 'boot', `config-${release}`)).catch(() => undefined)
  if (config) entries.push({ kind: 'file', path: `/boot/config-${release}`, bytes: config })
  return packNewc(entries.sort((a, b) => (a.path < b.path ? -1 : 1)))
}

function kernelIn(folder: string, release: string): StoredKernel {
  return { release, vmlinux: join(folder, 'vmlinux'), modules: join(folder, 'modules.cpio') }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

async function onlyFile(folder: string, name: RegExp, wanted: string): Promise<string> {
  const found = (await readdir(folder).catch(() => [])).filter((file) => name.test(file))
  const [file] = found
  if (file !== undefined) return join(folder, file)
  throw new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `The packages of ${wanted} hold no kernel image`)
}
