import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { needDisk, needMemory, onDisk } from '../vm/room.ts'
import { startKeeper, type Keeper } from './keeper.ts'
import { runVagrant } from './run-vagrant.ts'
import { addBox, dropRun, makeRun, placeBox, runsFolder, sweepRuns, writeEnvironment } from './runs.ts'
import { planSession, type SessionPlan } from './session-plan.ts'
import { closeMaster, openMaster, readSshConfig, type SshTarget } from './ssh.ts'

/** Megabytes on the disk that a run writes at most, for each node. */
const nodeDisk = 512 * 2 ** 20
/** Beside a guest's memory: QEMU itself, and its translation cache where the processor is emulated. */
const aroundGuest = 200 * 2 ** 20
/** Milliseconds until a step of Vagrant's is given up. */
const limits = { config: 30_000, snapshot: 60_000 } as const
/** Seconds until a box that does not come up is given up; a variable, because machines are slow in different ways. */
const upLimit = { variable: 'NETWRIGHT_VAGRANT_LIMIT', seconds: 240 } as const
/** Name of the snapshot of a box that has just started. */
const fresh = 'fresh'

/** Boxes that are up. Other processes use them by what is in their folder. */
export interface Session {
  readonly run: string
  /** For errors: `machine vagrant:debian12`. */
  readonly machine: string
  /** Prefix of commands that reach the boxes. */
  readonly enter: readonly string[]
  /** What Vagrant has to know in its environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly nodes: readonly SshTarget[]
  /** How they run, for users. */
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
 * @throws NETWRIGHT_UNKNOWN_BOX, NETWRIGHT_UNKNOWN_MACHINE, NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED, NETWRIGHT_VAGRANT
 */
export async function startSession(names: readonly string[]): Promise<OwnSession> {
  const [plan] = await Promise.all([planSession(names), sweepRuns()])
  await needMemory(plan.count * (plan.memoryMiB * 2 ** 20 + aroundGuest))
  await needDisk(await runsFolder(), plan.count * nodeDisk)
  const run = await makeRun()
  const environment = plan.environment(run)
  const keeper = await keep(run, plan, environment).catch(async (error: unknown) => {
    await dropRun(run)
    throw error
  })
  try {
    const { enter } = keeper
    const { machine, remark } = plan
    const nodes = await bringUp(run, plan, { machine, run, enter, environment, provider: plan.provider })
    const session: Session = { run, machine, enter, environment, nodes, remark }
    await writeFile(join(run, 'session.json'), JSON.stringify(session))
    return { ...session, stop: keeper.stop }
  } catch (error) {
    await keeper.stop()
    throw error
  }
}

/** Makes the run's folder ready and starts what removes it. */
async function keep(run: string, plan: SessionPlan, environment: Session['environment']): Promise<Keeper> {
  if (plan.isPrivate) for (const files of plan.built) await placeBox(run, files)
  else await writeEnvironment(run, environment)
  return startKeeper(run, plan.isPrivate ? 'private' : 'shared')
}

type VagrantAt = Omit<Parameters<typeof runVagrant>[1], 'limitMs'>

async function bringUp(run: string, plan: SessionPlan, at: VagrantAt): Promise<readonly SshTarget[]> {
  const vagrant = (args: readonly string[], limitMs: number) => runVagrant(args, { ...at, limitMs })
  const upMs = 1000 * (Number(process.env[upLimit.variable]) || upLimit.seconds)
  if (!plan.isPrivate) {
    const home = at.environment['VAGRANT_HOME'] ?? ''
    for (const files of plan.built) {
      await onDisk(dirname(home), 'a box was put among yours', () => addBox(run, home, files))
    }
  }
  await vagrant(['up', '--provider', plan.provider, ...(plan.isComplete ? ['--no-provision'] : [])], upMs)
  const nodes = readSshConfig(await vagrant(['ssh-config'], limits.config), (node) => join(run, node))
  // Before the connection: what is put back must not wait for an ssh client that has long gone.
  await vagrant(['snapshot', 'save', fresh, '--force'], limits.snapshot)
  await Promise.all(nodes.map((node) => openMaster(node, at.enter, plan.machine)))
  return nodes
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
