import { access, constants, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the parts of an installed kernel are. */
export interface KernelFiles {
  /** `uname -r`. */
  readonly release: string
  readonly image: string
  /** Folder that holds `kernel/`, such as /lib/modules/6.1.0-50-amd64; absent when everything is built in. */
  readonly modules?: string
  /** The configuration that the kernel was built with. */
  readonly config?: string
}

/**
 * Finds an installed kernel below a root: its image in /boot, as packages have put it there for decades, or beside its
 * modules, as Debian's packages do from Linux 7.2 on and those of other distributions do as well.
 *
 * @param release - the one to find; the only one that is there unless told
 */
export async function findKernelFiles(root: string, release?: string): Promise<KernelFiles | undefined> {
  const found = release ?? (await onlyRelease(root))
  if (found === undefined) return undefined
  const folders = moduleFolders(root).map((folder) => join(folder, found))
  const image = await firstThere([
    join(root, 'boot', `vmlinuz-${found}`),
    ...folders.map((folder) => join(folder, 'vmlinuz')),
  ])
  if (image === undefined) return undefined
  const modules = await firstThere(folders)
  const config = await firstThere([
    join(root, 'boot', `config-${found}`),
    ...folders.map((folder) => join(folder, 'config')),
  ])
  return {
    release: found,
    image,
    ...(modules === undefined ? {} : { modules }),
    ...(config === undefined ? {} : { config }),
  }
}

const moduleFolders = (root: string) => [join(root, 'usr/lib/modules'), join(root, 'lib/modules')]

async function onlyRelease(root: string): Promise<string | undefined> {
  const images = await list(join(root, 'boot'))
  const inBoot = images.flatMap((name) => (name.startsWith('vmlinuz-') ? [name.slice('vmlinuz-'.length)] : []))
  const besideModules = (await Promise.all(moduleFolders(root).map(list))).flat()
  return [...inBoot, ...besideModules][0]
}

const list = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => [])

/** The first of some paths that is there, readable or not: that it cannot be read is told when it is. */
export async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const there = await access(path, constants.F_OK).then(
      () => true,
      () => false,
    )
    if (there) return path
  }
  return undefined
}
