import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { cachePath } from './vm/cache-folder.ts'
import { toolPath } from './vm/tool.ts'

/** The programs of Docker Engine: of Debian's packages docker.io, containerd and runc. */
export const dockerPrograms = ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc'] as const

/**
 * How a machine gets them. Debian's docker.io is 20.10 in Debian 12 and 26.1 in 13: enough for what needs an engine of any
 * version. No package of theirs is 28.
 */
export const dockerRemedy =
  'install Docker Engine 28 or later as docs.docker.com/engine/install says (docker.io of Debian 12 and 13 is older; some scenarios are skipped with it), ' +
  'or unpack it into the cache, for this machine and its VMs: `node scripts/engine.ts true` in a checkout'

/** The folders of the engine that the project's tests use, which is unpacked in the cache and not installed; none without it. */
export async function dockerFolders(): Promise<readonly string[]> {
  const tree = cachePath('engine', 'programs')
  const unpacked = ['usr/bin', 'usr/sbin'].map((folder) => join(tree, folder))
  return (await isThere(join(tree, 'usr/sbin/dockerd'))) ? unpacked : []
}

/** Where each program of Docker Engine is; undefined where one of them is missing. */
export async function findDocker(): Promise<ReadonlyMap<string, string> | undefined> {
  const folders = [...toolPath().split(':'), ...(await dockerFolders())]
  const found = new Map<string, string>()
  for (const program of dockerPrograms) {
    for (const folder of folders) {
      const file = join(folder, program)
      if (!(await isThere(file))) continue
      found.set(program, file)
      break
    }
    if (!found.has(program)) return undefined
  }
  return found
}

async function isThere(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
