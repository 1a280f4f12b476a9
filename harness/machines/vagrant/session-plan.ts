import { randomInt } from 'node:crypto'
import { basename, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { findAccelerator, type FoundAccelerator } from '../vm/accelerator.ts'
import { bootImage } from '../vm/boot-image.ts'
import { findKernel } from '../vm/catalogue.ts'
import { provideKernel } from '../vm/kernel-store.ts'
import { findQemu } from '../vm/find-qemu.ts'
import { findBox, readVagrantName, sessionMemory, type Box, type VagrantName } from './box-catalogue.ts'
import { provideBox, type BuiltFiles } from './built-box.ts'
import { needPrograms } from './programs.ts'
import { findProvider, type ChosenProvider } from './provider.ts'
import { builtName, vagrantHome } from './runs.ts'
import { vagrantFolder } from './vagrant-files.ts'

/** What will be brought up, and how. */
export interface SessionPlan extends ChosenProvider {
  /** For errors: `machine vagrant:debian12`. */
  readonly machine: string
  /** How many boxes. */
  readonly count: number
  readonly memoryMiB: number
  /** The files of those that are built here, each once. */
  readonly built: readonly BuiltFiles[]
  /** Whether nothing has to be installed in them. */
  readonly isComplete: boolean
  /** What Vagrant has to know in its environment, for a run in a folder. */
  readonly environment: (run: string) => Readonly<Record<string, string>>
  /** How they run, for users. */
  readonly remark: string
}

/**
 * Finds out how boxes can be brought up here, and builds those that are built here.
 *
 * @param names - what stands after `vagrant:`
 * @throws NETWRIGHT_UNKNOWN_BOX, NETWRIGHT_UNKNOWN_MACHINE, NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED, NETWRIGHT_VAGRANT
 */
export async function planSession(names: readonly string[]): Promise<SessionPlan> {
  const asked = names.map(readVagrantName)
  const boxes = await Promise.all(asked.map(({ box }) => findBox(box)))
  const memoryMiB = sessionMemory(asked, boxes)
  const { provider, isPrivate } = await providerOfAll(boxes, asked)
  const [files, accelerator] = await Promise.all([
    Promise.all(boxes.map(async (box) => (box.kind === 'built' ? provideBox(box, say) : undefined))),
    provider === 'libvirt' ? accelerate(memoryMiB) : undefined,
  ])
  const nameOf = (box: Box, i: number, run: string): string => {
    const made = files[i]
    if (made !== undefined) return builtName(made, run)
    return (box.kind === 'named' ? box.providers[provider] : undefined) ?? box.name
  }
  const installs = boxes.map((box) => (box.kind === 'named' ? box.install : ''))
  const why = accelerator === undefined ? '' : ` with ${accelerator.kind.toUpperCase()}: ${accelerator.why}`
  return {
    machine: `machine ${names.map((name) => `vagrant:${name}`).join(' and ')}`,
    count: boxes.length,
    memoryMiB,
    provider,
    isPrivate,
    built: [...new Map(files.flatMap((made) => (made === undefined ? [] : [[made.folder, made]]))).values()],
    isComplete: installs.every((install) => install === ''),
    environment: (run) => ({
      VAGRANT_CWD: vagrantFolder,
      VAGRANT_VAGRANTFILE: 'Vagrantfile',
      VAGRANT_DOTFILE_PATH: join(run, 'state'),
      VAGRANT_CHECKPOINT_DISABLE: '1',
      // In the names of its domains and of its wire: others may use the same provider.
      NETWRIGHT_RUN: basename(run),
      NETWRIGHT_BOX: boxes.map((box, i) => nameOf(box, i, run)).join(','),
      NETWRIGHT_PROVIDER: provider,
      NETWRIGHT_MEMORY: String(memoryMiB),
      // In namespaces of its own it is nobody else's.
      NETWRIGHT_PORT: String(isPrivate ? firstPort : firstPort + 2 * randomInt(9000)),
      ...Object.fromEntries(installs.map((install, i) => [`NETWRIGHT_INSTALL${String(i + 1)}`, install])),
      ...(accelerator === undefined ? {} : { NETWRIGHT_ACCEL: accelerator.kind }),
      // Who removes the run may have another.
      VAGRANT_HOME: isPrivate ? join(run, 'home') : vagrantHome(),
      ...(isPrivate ? { NETWRIGHT_CONSOLE: run } : {}),
    }),
    remark: `Vagrant’s ${provider}${isPrivate ? ', a libvirt of its own,' : ''}${why}`,
  }
}

/** Of the UDP ports that a private wire may take; the range is below those that Linux gives to clients. */
const firstPort = 12_001

const say = (sentence: string) => process.stderr.write(`netwright: ${sentence}\n`)

/** What runs all of them: a wire reaches from a box to another at one provider only. */
async function providerOfAll(boxes: readonly Box[], asked: readonly VagrantName[]): Promise<ChosenProvider> {
  const chosen = await Promise.all(
    boxes.map(async (box, i) => {
      const one = await findProvider(box, asked[i]?.provider)
      await needPrograms(box, one)
      return one
    }),
  )
  const [first] = chosen
  const isOne = (one: ChosenProvider) => one.provider === first?.provider && one.isPrivate === first.isPrivate
  if (first !== undefined && chosen.every(isOne)) return first
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'These boxes do not run at the same provider', {
    place: asked.map(({ box }) => `vagrant:${box}`).join(' and '),
    next: 'Name two that are built here, such as debian12 and debian13, or two public ones.',
  })
}

/** KVM where a guest has booted with it, else emulation. The guest of that probe is a VM of `vm:6.1`. */
async function accelerate(memoryMiB: number): Promise<FoundAccelerator> {
  const image = async () => bootImage(await provideKernel(await findKernel('6.1'), say))
  return findAccelerator(await findQemu(), image, memoryMiB)
}
