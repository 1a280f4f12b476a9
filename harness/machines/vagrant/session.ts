import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findKernel } from '../vm/catalogue.ts'
import { findAccelerator, type FoundAccelerator } from '../vm/accelerator.ts'
import { bootImage } from '../vm/boot-image.ts'
import { provideKernel } from '../vm/kernel-store.ts'
import { findQemu } from '../vm/qemu.ts'
import { needDisk, needMemory } from '../vm/room.ts'
import { tool } from '../vm/tool.ts'
import { findBox, readVagrantName } from './box-catalogue.ts'
import { provideBox } from './built-box.ts'
import { startKeeper } from './keeper.ts'
import { needPrograms } from './programs.ts'
import { findProvider } from './provider.ts'
import { builtName, dropRun, makeRun, placeBox, sweepRuns, writeEnvironment } from './runs.ts'
import { openMaster, readSshConfig, type SshTarget } from './ssh.ts'
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
 * @param name - what stands after `vagrant:`
 * @param count - 1, or 2 that share a private wire
 * @throws NETWRIGHT_UNKNOWN_BOX, NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED, NETWRIGHT_VAGRANT
 */
export async function startSession(name: string, count: 1 | 2): Promise<OwnSession> {
  const { box: boxName, memoryMiB, provider: asked } = readVagrantName(name)
  const machine = `machine vagrant:${name}`
  const box = await findBox(boxName)
  const chosen = await findProvider(box, asked)
  const { provider, isPrivate } = chosen
  await needPrograms(box, chosen)
  const say = (sentence: string) => process.stderr.write(`netwright: ${sentence}\n`)
  const [files, accelerator] = await Promise.all([
    box.kind === 'built' ? provideBox(box, say) : undefined,
    provider === 'libvirt' ? accelerate(memoryMiB) : undefined,
    sweepRuns(),
  ])
  await needMemory(count * (memoryMiB * 2 ** 20 + aroundGuest))
  const run = await makeRun()
  await needDisk(run, count * nodeDisk)
  const environment: Record<string, string> = {
    VAGRANT_CWD: vagrantFolder,
    VAGRANT_DOTFILE_PATH: join(run, 'state'),
    VAGRANT_CHECKPOINT_DISABLE: '1',
    NETWRIGHT_BOX: box.kind === 'built' ? builtName(box.name) : (box.providers[provider] ?? ''),
    NETWRIGHT_PROVIDER: provider,
    NETWRIGHT_NODES: String(count),
    NETWRIGHT_MEMORY: String(memoryMiB),
    NETWRIGHT_INSTALL: box.kind === 'named' ? box.install : '',
    ...(accelerator === undefined ? {} : { NETWRIGHT_ACCEL: accelerator.kind }),
    ...(isPrivate ? { VAGRANT_HOME: join(run, 'home'), NETWRIGHT_CONSOLE: run } : {}),
  }
  if (files !== undefined && isPrivate) await placeBox(run, boxName, files)
  if (!isPrivate) await writeEnvironment(run, environment)
  const keeper = await startKeeper(run, isPrivate ? 'private' : 'shared').catch(async (error: unknown) => {
    await dropRun(run)
    throw error
  })
  const { enter } = keeper
  const vagrant = (args: readonly string[], limitMs: number): Promise<string> =>
    runVagrant(args, { machine, run, enter, environment, limitMs, provider })
  try {
    if (files !== undefined && !isPrivate) {
      const packed = join(run, 'package.box')
      await tool(['tar', '-C', files.folder, '-cf', packed, '.'], { code: 'NETWRIGHT_VAGRANT' })
      await vagrant(['box', 'add', '--force', '--name', builtName(boxName), packed], upLimitMs())
      await rm(packed)
    }
    await vagrant(['up', '--provider', provider, ...(box.kind === 'built' ? ['--no-provision'] : [])], upLimitMs())
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
  await runVagrant(['snapshot', 'restore', target.node, fresh, '--no-provision', '--no-start'], {
    machine,
    run,
    enter,
    environment,
    limitMs: limits.snapshot,
    provider,
  })
  await openMaster(target, enter, machine)
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
