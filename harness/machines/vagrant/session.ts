import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findKernel } from '../vm/catalogue.ts'
import { findAccelerator, type FoundAccelerator } from '../vm/accelerator.ts'
import { bootImage } from '../vm/boot-image.ts'
import { provideKernel } from '../vm/kernel-store.ts'
import { findQemu } from '../vm/qemu.ts'
import { needDisk, needMemory } from '../vm/room.ts'
import { tool } from '../vm/tool.ts'
import { NetwrightError } from '../../model/errors.ts'
import { findBox, readVagrantName, type Box, type Provider, type VagrantName } from './box-catalogue.ts'
import { provideBox } from './built-box.ts'
import { startKeeper, type Keeper } from './keeper.ts'
import { needPrograms } from './programs.ts'
import { findProvider, type ChosenProvider } from './provider.ts'
import { builtName, dropRun, makeRun, placeBox, sweepRuns, writeEnvironment } from './runs.ts'
import { closeMaster, openMaster, readSshConfig, type SshTarget } from './ssh.ts'
import { runVagrant } from './run-vagrant.ts'
import { vagrantFolder } from './vagrant-files.ts'

/** Megabytes on the disk that a run writes at most, for each node. */
const nodeDisk = 512 * 2 ** 20
/** Beside a guest's memory: QEMU itself, and its translation cache where the processor is emulated. */
const aroundGuest = 200 * 2 ** 20
const limits = { config: 30_000, snapshot: 60_000 } as const
/** Seconds until a box that does not come up is given up; a variable, because machines are slow in different ways. */
const upLimit = { variable: 'NETWRIGHT_VAGRANT_LIMIT', seconds: 240 } as const
/** Name of the snapshot of a box that has just started. */
const fresh = 'fresh'

/** Boxes that are up. Other processes use them by what is in their folder. */
export interface Session {
  readonly run: string
  /** As on the command line. */
  readonly machine: string
  readonly enter: readonly string[]
  /** What Vagrant has to know in its environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly nodes: readonly SshTarget[]
  readonly remark: string
}

export interface OwnSession extends Session {
  /** Removes the boxes; resolves once nothing of them is left. */
  readonly stop: () => Promise<void>
}

/**
 * Brings boxes up, each with its connection and a snapshot to go back to.
 *
 * @param names - what stands after `vagrant:`; two share a private wire
 * @throws NETWRIGHT_UNKNOWN_BOX, NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED, NETWRIGHT_VAGRANT
 */
export async function startSession(names: readonly string[]): Promise<OwnSession> {
  const machine = `machine ${names.map((name) => `vagrant:${name}`).join(' and ')}`
  const asked = names.map(readVagrantName)
  const boxes = await Promise.all(asked.map(({ box }) => findBox(box)))
  const memoryMiB = Math.max(...asked.map((one) => one.memoryMiB))
  const { provider, isPrivate } = await providerOfAll(boxes, asked)
  const say = (sentence: string) => process.stderr.write(`netwright: ${sentence}\n`)
  const [files, accelerator] = await Promise.all([
    Promise.all(boxes.map(async (box) => (box.kind === 'built' ? provideBox(box, say) : undefined))),
    provider === 'libvirt' ? accelerate(memoryMiB) : undefined,
    sweepRuns(),
  ])
  await needMemory(boxes.length * (memoryMiB * 2 ** 20 + aroundGuest))
  const run = await makeRun()
  await needDisk(run, boxes.length * nodeDisk)
  const environment: Record<string, string> = {
    VAGRANT_CWD: vagrantFolder,
    VAGRANT_DOTFILE_PATH: join(run, 'state'),
    VAGRANT_CHECKPOINT_DISABLE: '1',
    NETWRIGHT_BOX: boxes.map((box) => vagrantName(box, provider)).join(','),
    NETWRIGHT_PROVIDER: provider,
    NETWRIGHT_MEMORY: String(memoryMiB),
    NETWRIGHT_INSTALL: [...new Set(boxes.map((box) => (box.kind === 'named' ? box.install : '')))].join('\n'),
    ...(accelerator === undefined ? {} : { NETWRIGHT_ACCEL: accelerator.kind }),
    ...(isPrivate ? { VAGRANT_HOME: join(run, 'home'), NETWRIGHT_CONSOLE: run } : {}),
  }
  const built = new Map(
    boxes.flatMap((box, i) => {
      const made = files[i]
      return made === undefined ? [] : [[builtName(box.name), made] as const]
    }),
  )
  const prepare = async (): Promise<Keeper> => {
    if (isPrivate) for (const [name, made] of built) await placeBox(run, name, made)
    else await writeEnvironment(run, environment)
    return startKeeper(run, isPrivate ? 'private' : 'shared')
  }
  const keeper = await prepare().catch(async (error: unknown) => {
    await dropRun(run)
    throw error
  })
  const { enter } = keeper
  const vagrant = (args: readonly string[], limitMs: number): Promise<string> =>
    runVagrant(args, { machine, run, enter, environment, limitMs, provider })
  try {
    if (!isPrivate) {
      for (const [name, made] of built) {
        const packed = join(run, 'package.box')
        await tool(['tar', '-C', made.folder, '-cf', packed, '.'], { code: 'NETWRIGHT_VAGRANT' })
        await vagrant(['box', 'add', '--force', '--name', name, packed], upLimitMs())
        await rm(packed)
      }
    }
    await vagrant(
      ['up', '--provider', provider, ...(boxes.every(({ kind }) => kind === 'built') ? ['--no-provision'] : [])],
      upLimitMs(),
    )
    const config = await vagrant(['ssh-config'], limits.config)
    const nodes = readSshConfig(config, (node) => join(run, node))
    // Before the connection: what is put back must not wait for an ssh client that has long gone.
    await vagrant(['snapshot', 'save', fresh, '--force'], limits.snapshot)
    await Promise.all(nodes.map((node) => openMaster(node, enter, machine)))
    const why = accelerator === undefined ? '' : ` with ${accelerator.kind.toUpperCase()}: ${accelerator.why}`
    const remark = `Vagrant’s ${provider}${isPrivate ? ', a libvirt of its own,' : ''}${why}`
    const session: Session = { run, machine, enter, environment, nodes, remark }
    await writeFile(join(run, 'session.json'), JSON.stringify(session))
    return { ...session, stop: keeper.stop }
  } catch (error) {
    await keeper.stop()
    throw error
  }
}

/** A session that another process keeps, by its folder; undefined once it has ended. */
export async function readSession(run: string): Promise<Session | undefined> {
  const text = await readFile(join(run, 'session.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Session)
}

/**
 * Puts a node back to where it was when it had just started, and opens its connection anew.
 *
 * @throws NETWRIGHT_VAGRANT
 */
export async function restoreNode({ run, machine, enter, environment }: Session, target: SshTarget): Promise<void> {
  const provider = environment['NETWRIGHT_PROVIDER'] ?? ''
  // It may still wait for a kernel that is no more.
  await closeMaster(target)
  await runVagrant(['snapshot', 'restore', target.node, fresh, '--no-provision', '--no-start'], {
    machine,
    run,
    enter,
    environment,
    limitMs: limits.snapshot,
    provider,
  })
  await openMaster(target, enter, machine, Date.now())
}

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
  if (
    first !== undefined &&
    chosen.every((one) => one.provider === first.provider && one.isPrivate === first.isPrivate)
  )
    return first
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'These boxes do not run at the same provider', {
    place: asked.map(({ box }) => `vagrant:${box}`).join(' and '),
    next: 'Name two that are built here, such as debian12 and debian13, or two public ones.',
  })
}

function vagrantName(box: Box, provider: Provider): string {
  return box.kind === 'built' ? builtName(box.name) : (box.providers[provider] ?? '')
}

function upLimitMs(): number {
  const asked = Number(process.env[upLimit.variable])
  return 1000 * (asked > 0 ? asked : upLimit.seconds)
}

/** KVM where a guest has booted with it, else emulation. The guest of that probe is a VM of `vm:6.1`. */
async function accelerate(memoryMiB: number): Promise<FoundAccelerator> {
  const image = async () =>
    bootImage(
      await provideKernel(await findKernel('6.1'), (sentence) => process.stderr.write(`netwright: ${sentence}\n`)),
    )
  return findAccelerator(await findQemu(), image, memoryMiB)
}
