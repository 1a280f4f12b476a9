import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { release as runningRelease } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, contentName, holdFolder, scratchPrefix } from './cache-folder.ts'
import { findKernelFiles, firstThere, type KernelFiles } from './kernel-files.ts'
import { kernelRelease, readKernelImage } from './kernel-image.ts'
import { kernelIn, type StoredKernel } from './kernel-store.ts'
import { hasTables, packKernel } from './pack-kernel.ts'

const prefix = 'own-'
/** Milliseconds after which a kernel of the user's that was not booted since goes from the cache. */
const unusedMs = 7 * 86_400_000

/**
 * The files of the kernel that this machine has installed and runs.
 *
 * @param root - folder below which it is looked for
 * @throws NETWRIGHT_UNSUPPORTED when its image is not there
 */
export async function hostKernelFiles(root = '/', release = runningRelease()): Promise<KernelFiles> {
  const files = await findKernelFiles(root, release)
  if (files !== undefined) return files
  const what = `This machine has no image of the kernel that it runs: there is no ${join(root, 'boot', `vmlinuz-${release}`)}`
  const next = `apt-get install -y linux-image-${release} where that is its package; else name the file with --kernel FILE, or take a kernel of \`netwright kernels\`.`
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', what, { place: 'machine vm:host', next })
}

/**
 * The files of a kernel that the user built: its modules are those that were named, else those that are installed on
 * this machine for its release, and its configuration is beside it where the build leaves it.
 *
 * @param modules - lib/modules/RELEASE, or the folder that was INSTALL_MOD_PATH
 * @throws NETWRIGHT_BAD_KERNEL when a file is not there or is no kernel
 */
export async function kernelFilesAt(image: string, modules?: string): Promise<KernelFiles> {
  const bytes = await readFile(image).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new NetwrightError('NETWRIGHT_BAD_KERNEL', `The kernel cannot be read: ${why}`, {
      place: image,
      next: 'Give the path of a bzImage or vmlinux, or a name from `netwright kernels`.',
    })
  })
  readKernelImage(bytes, image)
  const release = kernelRelease(bytes, image)
  const under = (root: string) => [join(root, 'usr/lib/modules', release), join(root, 'lib/modules', release)]
  const found = modules === undefined ? await firstThere(under('/')) : await firstThere([...under(modules), modules])
  if (modules !== undefined && found === undefined) {
    const next = `Name the folder that \`make modules_install\` made, lib/modules/${release}.`
    throw new NetwrightError('NETWRIGHT_BAD_KERNEL', 'There is no such folder of modules', { place: modules, next })
  }
  const folder = dirname(image)
  // A bzImage lies three folders below the .config of its build.
  const places = [join(folder, `config-${release}`), join(folder, '.config'), join(folder, '../../../.config')]
  const config = await firstThere(places)
  return {
    release,
    image,
    ...(found === undefined ? {} : { modules: found }),
    ...(config === undefined ? {} : { config }),
  }
}

/** A kernel of the user's, made ready in the cache; again whenever its image or modules have changed. */
export async function storeOwnKernel(files: KernelFiles): Promise<StoredKernel> {
  const store = await cacheFolder('kernels')
  const state = files.modules === undefined ? '' : await fileStates(files.modules)
  const config = files.config === undefined ? '' : await readFile(files.config)
  const folder = join(store, prefix + contentName(files.release, await readFile(files.image), config, state))
  const stored = kernelIn(folder, files.release)
  if (await firstThere([stored.modules])) {
    await utimes(folder, new Date(), new Date()).catch(() => undefined)
    return stored
  }
  const letGo = await holdFolder(store)
  try {
    if (await firstThere([stored.modules])) return stored
    await sweep(store)
    const scratch = await mkdtemp(join(store, scratchPrefix))
    const made = join(scratch, 'made')
    await mkdir(made)
    await packKernel(files, made, scratch)
    await rename(made, folder)
    return stored
  } finally {
    await letGo()
  }
}

/** What changes when a module is built again. */
async function fileStates(folder: string): Promise<string> {
  await hasTables(folder) // before a folder of anything, which may hold any number of files, is walked
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const states = files
    .filter((file) => file.isFile())
    .map(async (file) => {
      const path = join(file.parentPath, file.name)
      const { size, mtimeMs } = await stat(path)
      return `${path.slice(folder.length)} ${size} ${mtimeMs}`
    })
  return (await Promise.all(states)).sort().join('\n')
}

async function sweep(store: string): Promise<void> {
  for (const name of await readdir(store)) {
    if (!basename(name).startsWith(prefix)) continue
    const { mtimeMs } = await stat(join(store, name))
    if (Date.now() - mtimeMs > unusedMs) await rm(join(store, name), { recursive: true, force: true })
  }
}
