import { readFile, stat } from 'node:fs/promises'
import { dockerPrograms, findDocker } from '../docker-programs.ts'
import { contentName } from './cache-folder.ts'
import type { ExtraFiles } from './boot-image.ts'
import { linkedLibraries } from './userland.ts'

/** Docker Engine as files of a guest's root: 150 MB. Undefined where this machine has none. */
export async function engineFiles(): Promise<ExtraFiles | undefined> {
  const programs = await findDocker()
  if (programs === undefined) return undefined
  const files = [...programs.values()]
  const states = await Promise.all(files.map((file) => stat(file)))
  return {
    name: contentName('engine', ...files, ...states.flatMap(({ size, mtimeMs }) => [`${size}`, `${mtimeMs}`])),
    bytes: 192 * 2 ** 20,
    entries: async () => {
      const libraries = (await linkedLibraries(files)).map((path) => [guestPath(path), path] as const)
      const own = dockerPrograms.map((name) => [`/usr/bin/${name}`, programs.get(name) ?? ''] as const)
      return Promise.all(
        [...own, ...libraries].map(async ([path, file]) => {
          return { kind: 'file' as const, path, mode: 0o755, bytes: await readFile(file) }
        }),
      )
    },
  }
}

/** `/lib` and its like are links into `/usr`. */
function guestPath(path: string): string {
  return path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/')
}
