import { access, mkdtemp, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, contentName, holdFolder, scratchPrefix } from '../vm/cache-folder.ts'
import { machinesMirror, mirrorVariable } from '../vm/debian-archive.ts'
import { diskFull, isFull, needDisk, saysFull } from '../vm/room.ts'
import type { BuiltBox } from './box-catalogue.ts'
import { runStep } from './step.ts'
import { installCommand, vagrantFolder } from './vagrant-files.ts'

/** Milliseconds that building takes at most: a slow mirror, not a slow machine, is the worst case. */
const buildMs = 900_000
/** Milliseconds that removing a half-made box takes at most. */
const removeMs = 60_000
/** Bytes that are needed at most while a box is built. */
const largest = 1536 * 2 ** 20
/** Milliseconds after which a box of an older recipe is surely not in use any more. */
const staleMs = 24 * 3_600_000

/** In a PID namespace of its own, which ends with its first process: nobody goes on building whom nobody waits for. */
const together = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** A box on the disk of this machine, as Vagrant keeps boxes. */
export interface BuiltFiles {
  /** Holds box.img, metadata.json, Vagrantfile, vmlinuz, initramfs and key. */
  readonly folder: string
  /** When box.img was made, in seconds since the epoch: libvirt's volumes are named by it. */
  readonly madeAt: number
}

/**
 * The box: from the cache, else built from Debian's packages. It is built anew when the recipe changes.
 *
 * @param say - gets sentences on how it goes
 * @throws NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED without root or room, NETWRIGHT_VAGRANT with the builder's words
 */
export async function provideBox(box: BuiltBox, say: (sentence: string) => void): Promise<BuiltFiles> {
  const folder = await cacheFolder('vagrant', 'boxes')
  const made = join(folder, `${box.name}-${await recipeName(box)}`)
  if (!(await exists(made))) {
    const letGo = await holdFolder(folder)
    try {
      if (!(await exists(made))) await build(box, folder, made, say)
    } finally {
      await letGo()
    }
  }
  await utimes(made, new Date(), new Date())
  return { folder: made, madeAt: Math.floor((await stat(join(made, 'box.img'))).mtimeMs / 1000) }
}

async function build(box: BuiltBox, folder: string, made: string, say: (sentence: string) => void): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `Building the box ${box.name} needs root`, {
      next: 'Run it with sudo, or name a public box: `--on vagrant:alma9`.',
    })
  }
  await sweep(folder)
  await needDisk(folder, largest)
  const mirror = process.env[mirrorVariable] ?? (await machinesMirror())
  if (mirror === undefined) {
    throw new NetwrightError('NETWRIGHT_VAGRANT', 'The sources of this machine name no mirror of Debian', {
      place: `machine vagrant:${box.name}`,
      next: `Set ${mirrorVariable} to the URL of one, such as http://MIRROR/debian.`,
    })
  }
  const scratch = await mkdtemp(join(folder, scratchPrefix))
  const startedAt = performance.now()
  const argv = [...together, 'bash', join(vagrantFolder, 'box', 'build.sh'), box.suite, mirror, scratch]
  const done = await runStep(argv, {
    limitMs: buildMs,
    onLine: (line) => {
      const step = /^step: (.*)$/.exec(line)?.[1]
      if (step !== undefined && step !== 'done') say(`building the box ${box.name}: ${step}`)
    },
  })
  if (done.kind !== 'done') {
    const full = saysFull(done.said) || (await isFull(folder))
    await rm(scratch, { recursive: true, force: true })
    if (full) throw diskFull(folder, `the box ${box.name} was built`, { stderr: lastWords(done.said) })
    throw buildFailure(box, done.said, done.kind === 'late')
  }
  await rename(scratch, made)
  say(`built the box ${box.name} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}

/** A half-made box that nobody makes any more. */
export interface LeftBuild {
  readonly name: string
  /** Removes it, unless somebody makes one by now; whether it is gone. */
  readonly remove: () => Promise<boolean>
}

/** What is left of builds whose maker was killed together with the process that clears up after it. */
export async function leftBuilds(): Promise<readonly LeftBuild[]> {
  const folder = await cacheFolder('vagrant', 'boxes')
  const names = (await readdir(folder)).filter((name) => name.startsWith(scratchPrefix))
  const unlessBuilding = async (...command: readonly string[]): Promise<boolean> => {
    const argv = ['flock', '--nonblock', join(folder, 'lock'), ...command]
    return (await runStep(argv, { limitMs: removeMs })).kind === 'done'
  }
  if (names.length === 0 || !(await unlessBuilding('true'))) return []
  return names.map((name) => ({ name, remove: () => unlessBuilding('rm', '-rf', join(folder, name)) }))
}

function buildFailure(box: BuiltBox, said: string, isLate: boolean): NetwrightError {
  const place = `machine vagrant:${box.name}`
  const missing = /(\S+): (?:command )?not found/.exec(said)?.[1]
  if (missing !== undefined) {
    return new NetwrightError('NETWRIGHT_TOOL_MISSING', `Building a box needs ${missing}, which is not there`, {
      place,
      next: installCommand,
    })
  }
  const what = isLate ? `was not built within ${buildMs / 60_000} minutes` : 'cannot be built'
  return new NetwrightError('NETWRIGHT_VAGRANT', `The box ${box.name} ${what}`, {
    place,
    stderr: lastWords(said),
    next: `Packages come from the mirror that apt names; ${mirrorVariable} names another.`,
  })
}

const lastWords = (said: string): string => said.trim().split('\n').slice(-15).join('\n')

/** A name that changes whenever what a box is made from does. */
async function recipeName(box: BuiltBox): Promise<string> {
  const folder = join(vagrantFolder, 'box')
  const names = (await readdir(folder)).sort()
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))))
  return contentName(box.suite, ...names, ...files).slice(0, 12)
}

/** Removes what nobody has started from for long; whoever runs one has links to its files. The caller holds the lock. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const info = await stat(path)
    if (info.isDirectory() && Date.now() - info.mtimeMs > staleMs) await rm(path, { recursive: true, force: true })
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
