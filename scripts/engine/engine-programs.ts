import { access, mkdtemp, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder, holdFolder, scratchPrefix } from '../../harness/machines/vm/cache-folder.ts'
import { openDebianArchive } from '../../harness/machines/vm/debian-archive.ts'

/** Releases of Debian whose Docker Engine can be had: 28 or later, 26.1, 20.10. */
export type EngineRelease = 'sid' | 'trixie' | 'bookworm'

/**
 * The engine comes from sid unless told, because Docker before 26 cannot start privileged containers where CAP_SYS_RESOURCE is
 * missing; runc comes from bookworm because its build needs no newer libraries.
 */
const packagesOf = (release: EngineRelease) => [
  { suite: release, names: ['docker.io', 'containerd'] },
  { suite: 'bookworm', names: ['runc'] },
]

/**
 * The folder into which Docker Engine's packages are unpacked: from the cache without any network, else fetched from
 * Debian, verified by its signatures. Nothing is installed.
 *
 * @throws NETWRIGHT_KERNEL_NOT_FETCHED with apt's words
 */
export async function provideEnginePrograms(release: EngineRelease = 'sid'): Promise<string> {
  const folder = await cacheFolder('engine')
  const tree = join(folder, release === 'sid' ? 'programs' : `programs-${release}`)
  if (await exists(tree)) return tree
  const letGo = await holdFolder(folder)
  try {
    if (await exists(tree)) return tree
    process.stderr.write(`engine: fetching Docker Engine from Debian ${release}\n`)
    const scratch = await mkdtemp(join(folder, scratchPrefix))
    for (const { suite, names } of packagesOf(release)) {
      await (await openDebianArchive(suite, `Docker Engine (${names.join(', ')})`)).unpack(names, scratch)
    }
    await rename(scratch, tree)
    return tree
  } finally {
    await letGo()
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
