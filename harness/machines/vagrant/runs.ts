import {
  constants,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { cacheFolder } from '../vm/cache-folder.ts'
import type { BuiltFiles } from './built-box.ts'
import { runStep } from './step.ts'
import { vagrantFolder } from './vagrant-files.ts'

/** Milliseconds that a folder gets until its keeper holds its lock. */
const youngMs = 60_000
const destroyMs = 150_000

/** Folder of the runs, each with machines of its own. */
export function runsFolder(): Promise<string> {
  return cacheFolder('vagrant', 'runs')
}

/** A folder for a new run. */
export async function makeRun(): Promise<string> {
  return mkdtemp(join(await runsFolder(), 'r'))
}

/**
 * Name that Vagrant knows a box by that is built here. It is the run's own: what is made of the box is known by it, and
 * goes with the run, whoever else runs the same box.
 */
export function builtName({ folder }: BuiltFiles, run: string): string {
  return `netwright/${basename(run)}-${basename(folder)}`
}

/** Name of its folder, and the beginning of its volume's name. */
const folderName = (name: string): string => name.replaceAll('/', '-VAGRANTSLASH-')

/**
 * Puts a built box where the run's own Vagrant looks for boxes, and its disk where the run's own libvirt looks for volumes:
 * under the name that vagrant-libvirt gives it when it uploads it, so that it need not.
 *
 * Source: `get_volume_name` in vagrant-libvirt's lib/vagrant-libvirt/action/handle_box_image.rb
 */
export async function placeBox(run: string, files: BuiltFiles): Promise<void> {
  const { folder, madeAt } = files
  const name = folderName(builtName(files, run))
  const versions = join(run, 'home', 'boxes', name, '0')
  await mkdir(versions, { recursive: true })
  await symlink(folder, join(versions, 'libvirt'))
  const images = join(run, 'images')
  await mkdir(images, { recursive: true })
  const volume = join(images, `${name}_vagrant_box_image_0_${String(madeAt)}_box.img`)
  await linkDisk(folder, volume)
}

/** Where Vagrant keeps the user's boxes. */
export function vagrantHome(): string {
  return process.env['VAGRANT_HOME'] ?? join(homedir(), '.vagrant.d')
}

/**
 * Puts a built box among the user's, as `vagrant box add` does, but whole or not at all, and in no time.
 * `vagrant/libvirt/destroy.sh` removes it by its name.
 */
export async function addBox(run: string, home: string, files: BuiltFiles): Promise<void> {
  const name = folderName(builtName(files, run))
  const [scratch, boxes] = [join(home, 'tmp', name), join(home, 'boxes')]
  const versions = join(scratch, '0', 'libvirt')
  await mkdir(versions, { recursive: true })
  for (const file of await readdir(files.folder)) {
    const from = join(files.folder, file)
    if (file === diskName) await linkDisk(files.folder, join(versions, file))
    // A libvirt that runs QEMU as another user gives these to it.
    else await copyFile(from, join(versions, file), constants.COPYFILE_FICLONE)
  }
  await mkdir(boxes, { recursive: true })
  await rename(scratch, join(boxes, name))
}

const diskName = 'box.img'

/** The disk of a built box; where the cache spans file systems it is copied after all. */
async function linkDisk(folder: string, to: string): Promise<void> {
  const disk = join(folder, diskName)
  await link(disk, to).catch(() => copyFile(disk, to, constants.COPYFILE_FICLONE))
}

/** Writes what `vagrant/libvirt/destroy.sh` has to know, should this process be gone by then. */
export async function writeEnvironment(run: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
  await writeFile(join(run, 'environment'), `${lines.join('\n')}\n`)
}

/** A run whose keeper is gone. */
export interface LeftRun {
  readonly name: string
  /** Removes its machines and its folder; whether they are gone. */
  readonly remove: () => Promise<boolean>
}

/** The runs that nobody keeps: their keepers were killed together with their makers. */
export async function leftRuns(): Promise<readonly LeftRun[]> {
  const folder = await runsFolder()
  const names = await readdir(folder)
  const left = await Promise.all(names.map(async (name) => ((await isKept(join(folder, name))) ? [] : [name])))
  return left.flat().map((name) => ({
    name,
    remove: async () => {
      // A keeper that is killed before it has its lock leaves none.
      const script = '[ ! -e "$1" ] || { exec 9<"$1"; flock -n 9; } || exit 1; exec sh "$2" "$3" 9<&-'
      const run = join(folder, name)
      const argv = ['sh', '-c', script, 'sh', join(run, 'lock'), join(vagrantFolder, 'libvirt', 'destroy.sh'), run]
      return (await runStep(argv, { limitMs: destroyMs })).kind === 'done'
    },
  }))
}

/**
 * Whether a run is kept, or about to be. Its keeper makes the lock, takes it, and then writes its PID: a lock that nobody
 * holds says that the keeper is gone only once the PID is there. Until then, the run's age decides.
 */
async function isKept(run: string): Promise<boolean> {
  const [lock, pid] = await Promise.all([changedAt(join(run, 'lock')), changedAt(join(run, 'keeper.pid'))])
  if (lock !== undefined && (await isHeld(join(run, 'lock')))) return true
  if (pid !== undefined) return false
  const images = await readdir(join(run, 'images')).catch(() => [])
  // A box may have to be copied into it for minutes.
  const parts = [run, join(run, 'images'), ...images.map((name) => join(run, 'images', name))]
  const times = (await Promise.all(parts.map(changedAt))).flatMap((time) => time ?? [])
  return times.length === 0 || Date.now() - Math.max(...times) < youngMs
}

async function isHeld(lock: string): Promise<boolean> {
  return (await runStep(['flock', '-n', lock, 'true'], { limitMs: 5000 })).kind !== 'done'
}

/** Milliseconds since the epoch; undefined where there is no such file. */
async function changedAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}

/** Removes what killed runs left; quick where there is nothing. */
export async function sweepRuns(): Promise<void> {
  await Promise.all((await leftRuns()).map((left) => left.remove()))
}

/** Removes the folder of a run that never had a keeper. */
export async function dropRun(run: string): Promise<void> {
  await rm(run, { recursive: true, force: true })
}
