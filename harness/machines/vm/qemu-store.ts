import { access, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, cachePath, contentName, holdFolder, scratchPrefix } from './cache-folder.ts'
import { qemuPackages } from './catalogue.ts'
import { openDebianArchive } from './debian-archive.ts'
import { everyTenth } from './fetch-progress.ts'
import { qemuAt, type Qemu } from './qemu.ts'
import { onDisk } from './room.ts'

/** What is remembered of the QEMU in the cache. */
interface StoreEntry {
  readonly version: string
  readonly folder: string
}

const entryFile = 'qemu.json'
/** What `contentName` makes. */
const buildName = /^[0-9a-f]{32}$/
const programPath = 'usr/bin/qemu-system-x86_64'
/** What a guest's start needs beside it; QEMU finds it by where its program lies. */
const firmware = ['kvmvapic', 'linuxboot', 'linuxboot_dma', 'multiboot', 'multiboot_dma', 'pvh']
const kept = [programPath, 'usr/share/seabios', ...firmware.map((name) => `usr/share/qemu/${name}.bin`)]

/** The QEMU that was fetched, when there is one: a newer one than many distributions have. */
export async function storedQemu(): Promise<Qemu | undefined> {
  const text = await readFile(cachePath('qemu', entryFile), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { version, folder } = JSON.parse(text) as StoreEntry
  const program = cachePath('qemu', folder, programPath)
  return (await exists(program)) ? { program, version } : undefined
}

/**
 * The QEMU of the catalogue: from the cache without any network, else fetched as Debian packages, 12 MB, and unpacked
 * there. Nothing is installed.
 *
 * @param onProgress - gets a sentence before each step that takes seconds, and while bytes come
 * @param again - fetch it also when the cache has it: the suite may have a newer one by now
 * @throws NETWRIGHT_KERNEL_NOT_FETCHED with apt's words, or with the loader's where it does not run on this machine;
 *   NETWRIGHT_DISK_FULL
 */
export async function provideQemu(onProgress: (sentence: string) => void, again = false): Promise<Qemu> {
  const known = again ? undefined : await storedQemu()
  if (known) return known
  const store = await cacheFolder('qemu')
  const letGo = await holdFolder(store)
  try {
    const meanwhile = again ? undefined : await storedQemu()
    return meanwhile ?? (await onDisk(store, 'QEMU was fetched', () => fetchQemu(store, onProgress)))
  } finally {
    await letGo()
  }
}

async function fetchQemu(store: string, onProgress: (sentence: string) => void): Promise<Qemu> {
  const { suite, packages } = await qemuPackages()
  const wanted = `QEMU (of Debian ${suite})`
  onProgress(`fetching ${wanted}`)
  const archive = await openDebianArchive(suite, wanted)
  const scratch = await mkdtemp(join(store, scratchPrefix))
  const tree = join(scratch, 'tree')
  await archive.unpack(packages, tree, everyTenth('QEMU', onProgress))
  await keepOnly(tree, kept)
  const { version } = await qemuAt(join(tree, programPath)).catch((error: unknown) => {
    const stderr = error instanceof NetwrightError ? (error.details.stderr ?? error.message) : String(error)
    throw new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `${wanted} does not run on this machine`, {
      stderr,
      next: 'The libraries that it needs come with Debian’s own: apt-get install -y --no-install-recommends qemu-system-x86. Elsewhere, let NETWRIGHT_QEMU name a QEMU 8.0 or newer.',
    })
  })
  const folder = contentName(await readFile(join(tree, programPath)))
  const former = await storedQemu()
  await rm(join(store, folder), { recursive: true, force: true })
  await rename(tree, join(store, folder))
  await writeFile(join(scratch, 'entry'), JSON.stringify({ version, folder } satisfies StoreEntry))
  await rename(join(scratch, 'entry'), join(store, entryFile))
  // Runs that have begun go on with the one that they found.
  await keepBuilds(store, [folder, ...(former === undefined ? [] : [buildOf(store, former)])])
  return { program: join(store, folder, programPath), version }
}

/** The folder of the store that a QEMU's program is in. */
const buildOf = (store: string, { program }: Qemu): string => relative(store, program).split('/', 1)[0] ?? ''

/** Removes the builds of other names; the caller holds the store. */
export async function keepBuilds(store: string, names: readonly string[]): Promise<void> {
  const entries = await readdir(store, { withFileTypes: true })
  const others = entries.filter((entry) => entry.isDirectory() && buildName.test(entry.name))
  const old = others.filter(({ name }) => !names.includes(name))
  await Promise.all(old.map(({ name }) => rm(join(store, name), { recursive: true, force: true })))
}

/** The packages hold programs for other machines and manuals: 80 MB, of which 30 are needed. */
async function keepOnly(tree: string, paths: readonly string[], below = ''): Promise<void> {
  for (const name of await readdir(join(tree, below))) {
    const path = join(below, name)
    if (paths.includes(path)) continue
    if (paths.some((one) => one.startsWith(`${path}/`))) await keepOnly(tree, paths, path)
    else await rm(join(tree, path), { recursive: true })
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
