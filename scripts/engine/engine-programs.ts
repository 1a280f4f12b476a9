import { access, mkdtemp, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder, holdFolder, scratchPrefix } from '../../harness/machines/vm/cache-folder.ts'
import { openDebianArchive } from '../../harness/machines/vm/debian-archive.ts'

/**
 * The engine comes from sid because Docker before 26 cannot start privileged containers where CAP_SYS_RESOURCE is
 * missing; runc comes from bookworm because its build needs no newer libraries.
 */
const packages = [
  { suite: 'sid', names: ['docker.io', 'containerd'] },
  { suite: 'bookworm', names: ['runc'] },
] as const

/**
 * The folder into which Docker Engine's packages are unpacked: from the cache without any network, else fetched from
 * Debian, verified by its signatures. Nothing is installed.
 *
 * @throws NETWRIGHT_KERNEL_NOT_FETCHED with apt's words
 */
export async function provideEnginePrograms(): Promise<string> {
  const folder = await cacheFolder('engine')
  const tree = join(folder, 'programs')
  if (await exists(tree)) return tree
  const letGo = await holdFolder(folder)
  try {
    if (await exists(tree)) return tree
    process.stderr.write('engine: fetching Docker Engine from Debian\n')
    const scratch = await mkdtemp(join(folder, scratchPrefix))
    for (const { suite, names } of packages) {
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
