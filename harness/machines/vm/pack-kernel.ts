import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { chooseModules, readModulesDep } from './guest-modules.ts'
import { lackingOptions } from './guest-needs.ts'
import type { KernelFiles } from './kernel-files.ts'
import { badKernel, builtInConfig, checkElf, hasPvhEntry, packings, readKernelImage } from './kernel-image.ts'
import { packNewc, type ArchiveEntry } from './newc.ts'
import { tool } from './tool.ts'

/** Name of the kernel in its folder of the cache. */
export const kernelFile = 'vmlinux'
/** Name of the archive of its modules, depmod's tables and configuration. */
export const modulesFile = 'modules.cpio'

/**
 * Makes what a guest boots of a kernel's files.
 *
 * @param made - an empty folder, which gets the kernel and the archive of its modules
 * @param scratch - an empty folder on the same file system
 * @throws NETWRIGHT_BAD_KERNEL when the kernel cannot be a guest, saying why
 */
export async function packKernel(files: KernelFiles, made: string, scratch: string): Promise<void> {
  const bytes = await readFile(files.image)
  const vmlinux = await uncompressed(bytes, files.image)
  const config = files.config === undefined ? builtInConfig(vmlinux) : await readFile(files.config)
  const lacking = config === undefined ? [] : lackingOptions(config.toString(), files.modules !== undefined)
  if (lacking.length > 0) {
    const next =
      files.modules === undefined
        ? 'Build them in, or give its modules: --modules DIR.'
        : 'Enable them and build it again.'
    throw badKernel(`it was built without ${lacking.join(', ')}`, files.image, next)
  }
  if (hasPvhEntry(vmlinux)) await writeFile(join(made, kernelFile), vmlinux)
  else if (vmlinux !== bytes) await writeFile(join(made, kernelFile), bytes)
  else throw badKernel('it was built without CONFIG_PVH', files.image, 'Give the bzImage of the same build.')
  const archive = await packModules(files, scratch)
  if (config) archive.push({ kind: 'file', path: `/boot/config-${files.release}`, bytes: config })
  await writeFile(join(made, modulesFile), packNewc(archive.sort((a, b) => (a.path < b.path ? -1 : 1))))
}

/** The uncompressed kernel boots seconds faster under emulation. Answers the same bytes when they are one already. */
async function uncompressed(bytes: Buffer, place: string): Promise<Buffer> {
  const read = readKernelImage(bytes, place)
  if (read.kind === 'elf') return bytes
  const program = read.packing === 'xz' || read.packing === 'lzma' ? 'xz-utils' : read.packing
  // lz4 and gzip complain of what follows the stream (its size, four bytes), after they have written all of it.
  const script = '"$@" 2>/dev/null || command -v "$1" >/dev/null'
  const unpacked = await tool(['sh', '-c', script, 'sh', ...packings[read.packing]], {
    input: read.payload,
    next: `apt-get install -y --no-install-recommends ${program}`,
  })
  checkElf(unpacked, place)
  return unpacked
}

const unpackers = { '.xz': ['xz', '-d'], '.zst': ['zstd', '-q', '-d', '--rm'], '.gz': ['gzip', '-d'] } as const

/** Takes the modules that a guest may need, uncompressed: the guest's processor is the slower one. */
async function packModules({ modules, release, image }: KernelFiles, scratch: string): Promise<ArchiveEntry[]> {
  if (modules === undefined) return []
  const source = await withTables(modules, release, join(scratch, 'source'))
  const chosen = chooseModules(readModulesDep(await readFile(join(source, 'modules.dep'), 'utf8')))
  const base = join(scratch, 'chosen')
  const target = join(base, 'lib', 'modules', release)
  await mkdir(target, { recursive: true })
  for (const path of [...chosen, 'modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    const copied = copyFile(join(source, path), join(target, path))
    // Kernels before 5.2 have no list of what built-in modules are for.
    await (path === 'modules.builtin.modinfo' ? copied.catch(() => undefined) : copied)
  }
  for (const [ending, command] of Object.entries(unpackers)) {
    const packed = chosen.filter((path) => path.endsWith(ending)).map((path) => join(target, path))
    if (packed.length > 0) await tool(['xargs', '-0', ...command], { input: Buffer.from(packed.join('\0')) })
  }
  await checkVersion(
    chosen.map((path) => join(target, path.replace(/\.(xz|zst|gz)$/, ''))),
    release,
    { image, modules },
  )
  await tool(['depmod', '-b', base, release])
  const entries: ArchiveEntry[] = []
  for (const file of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    const path = join(file.parentPath, file.name)
    const inGuest = `/usr/lib/modules/${release}${path.slice(target.length)}`
    entries.push({ kind: 'file', path: inGuest, bytes: await readFile(path) })
  }
  return entries
}

/**
 * Whether a folder of modules has depmod's tables.
 *
 * @throws NETWRIGHT_BAD_KERNEL when it is no folder of modules
 */
export async function hasTables(modules: string): Promise<boolean> {
  const names = await readdir(modules)
  if (names.includes('modules.dep')) return true
  if (names.includes('modules.order')) return false
  const next = 'Give the folder that `make modules_install` made: lib/modules/RELEASE.'
  throw badKernel('this is no folder of kernel modules: it holds no modules.order', modules, next)
}

/** The folder of modules with depmod's tables: itself when it has them, else a copy made of links. */
async function withTables(modules: string, release: string, base: string): Promise<string> {
  if (await hasTables(modules)) return modules
  const copy = join(base, 'lib', 'modules', release)
  await mkdir(dirname(copy), { recursive: true })
  await tool(['cp', '-rs', modules, copy])
  await tool(['depmod', '-b', base, release])
  return copy
}

/** Modules of another build are refused by the kernel one by one, long after. */
async function checkVersion(
  modules: readonly string[],
  release: string,
  place: { readonly image: string; readonly modules: string },
): Promise<void> {
  const [first] = modules
  if (first === undefined) return
  const [built = ''] = (await tool(['modinfo', '-F', 'vermagic', first])).toString().split(' ')
  if (built === release) return
  throw new NetwrightError('NETWRIGHT_BAD_KERNEL', `The modules are of Linux ${built}, and the kernel is ${release}`, {
    place: `${place.modules} for ${place.image}`,
    next: `Give the modules of ${release}.`,
  })
}
