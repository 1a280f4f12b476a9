import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { openAbilities } from '../ability.ts'
import { agentCommand, localArch } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openNestedAgent } from '../channel/nested-agent.ts'
import { disposed } from '../disposed.ts'
import type { Machine } from '../machine.ts'
import type { PlacedMembers } from '../placement/placed-machine.ts'
import type { CableRange } from '../placement/trunk-cables.ts'
import { diskFull } from '../vm/room.ts'
import { troubleText } from '../vm/guest.ts'
import { readTrouble } from '../vm/guest-console.ts'
import { putBack, revive } from './put-back.ts'
import type { Session } from './session.ts'
import { useSession } from './shared-session.ts'
import { watchDisk } from './watch-disk.ts'
import { boxAgent, isAlive, openAgentOver, type SshTarget } from './ssh.ts'

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}
const sandboxFlags = ['--net', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
/** Cables over one wire, and how many of them a process gets. */
const [mostCables, cablesEach] = [4096, 64]
/** Lines of a console that an error shows. */
const shownLines = 40

/**
 * A Vagrant box in which labs are built: its own kernel and its own programs. Vagrant brings it up, puts it back and takes it
 * down; everything else goes over one multiplexed ssh connection. A box that has died is put back for the next sandbox.
 *
 * @param name - a name of vagrant/boxes.json, or, with a `/`, one that Vagrant knows; parameters after a `?` as
 *   `readVagrantName` says
 * @throws NETWRIGHT_UNKNOWN_BOX, NETWRIGHT_UNKNOWN_MACHINE, NETWRIGHT_TOOL_MISSING, NETWRIGHT_UNSUPPORTED, NETWRIGHT_VAGRANT
 *
 * @example
 * const machine = await vagrantMachine('debian12')
 */
export async function vagrantMachine(name: string): Promise<Machine> {
  return machineOf([name], 0)
}

/**
 * Two boxes with a private wire between them, which cables are laid over.
 *
 * @param names - what stands after `vagrant:`
 * @throws what {@link vagrantMachine} throws
 */
export async function vagrantPair(names: readonly [string, string]): Promise<PlacedMembers> {
  const { session, release } = await useSession(names)
  try {
    return { machines: [machineOf(names, 0), machineOf(names, 1)], cables: await cableRange(session.run) }
  } finally {
    await release()
  }
}

async function machineOf(names: readonly string[], position: number): Promise<Machine> {
  const { session, release } = await useSession(names)
  try {
    return await machineAt(session, session.nodes[position], names[position] ?? '', release)
  } catch (error) {
    await release()
    throw error
  }
}

/** Cables of this process alone, of a wire that the processes of a run share. */
async function cableRange(run: string): Promise<CableRange> {
  for (let slice = 0; slice < mostCables / cablesEach; slice++) {
    const taken = await mkdir(join(run, `cables-${String(slice)}`)).then(
      () => true,
      () => false,
    )
    if (taken) return { first: slice * cablesEach, count: cablesEach }
  }
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'Too many processes share the wire of two boxes', {
    next: 'Run with fewer workers.',
  })
}

async function machineAt(
  session: Session,
  target: SshTarget | undefined,
  name: string,
  release: () => Promise<void>,
): Promise<Machine> {
  if (target === undefined) throw new NetwrightError('NETWRIGHT_VAGRANT', 'Vagrant does not say how to reach the box')
  let channel = await openAgentOver(target)
  let alive = true
  const isOurs = session.environment['NETWRIGHT_CONSOLE'] !== undefined
  const watchOurDisk = () => {
    if (!isOurs) return undefined
    const watched = watchDisk(session.run, () => isAlive(target))
    // Nothing else ends what waits for a guest that stands still.
    watched.stuck.addEventListener('abort', () => void channel.close())
    return watched
  }
  let disk = watchOurDisk()
  const watch = (opened: Channel): void => {
    void opened.closed.then(() => {
      if (opened === channel) alive = false
    })
  }
  watch(channel)
  let reviving: Promise<Channel> | undefined
  const running = async (): Promise<Channel> => {
    if (alive) return channel
    reviving ??= revive(session, target)
      .then((opened) => {
        channel = opened
        alive = true
        disk?.stop()
        disk = watchOurDisk()
        // What they tried in went with the old state.
        abilities = openAbilities(openSandbox, environment)
        watch(opened)
        return opened
      })
      .finally(() => (reviving = undefined))
    return reviving
  }
  // In the folder of the run: a node that another process has used, one that crashed say, is used as well.
  const usedMark = join(session.run, `used-${target.node}`)
  let disposing: Promise<void> | undefined
  const openSandbox = async (): Promise<Channel> => {
    if (disposing !== undefined) throw disposed(`vagrant:${name}`)
    const outer = await running()
    await writeFile(usedMark, '')
    return openNestedAgent(outer, ['unshare', ...sandboxFlags, ...agentCommand(boxAgent, localArch())])
  }
  let abilities = openAbilities(openSandbox, environment)
  const said = async (...argv: readonly string[]): Promise<string> => (await channel.run(argv)).stdout.toString().trim()
  const [kernel, release_, arch] = await Promise.all([
    said('uname', '-r'),
    said('cat', '/etc/os-release'),
    said('uname', '-m'),
  ])
  return {
    name: `vagrant:${name}`,
    facts: {
      kind: 'vagrant',
      kernel,
      distro: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release_)?.[1] ?? 'unknown distribution',
      arch,
      privilege: 'root',
    },
    environment,
    get channel() {
      return channel
    },
    openSandbox,
    can: (feature) => abilities.can(feature),
    ...(isOurs
      ? {
          trouble: () =>
            disk?.stuck.aborted === true
              ? Promise.resolve(diskFull(dirname(session.run), 'the box wrote to its own, and it stands still').message)
              : troubleOf(session, target),
        }
      : {}),
    remarks: [session.remark],
    isShared: true,
    renew: async () => {
      if (!(await isThere(usedMark))) return
      await putBack(session, target)
      await rm(usedMark)
      await channel.close()
      alive = false
      await running()
    },
    // Its boxes may be others' as well, who have not let go of them.
    dispose: () =>
      (disposing ??= (async () => {
        disk?.stop()
        await channel.close()
        await release()
      })()),
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** The first trouble that the node's kernel told of on its console. */
async function troubleOf({ run }: Session, { node }: SshTarget): Promise<string | undefined> {
  const text = await readFile(join(run, `${node}.console`), 'latin1').catch(() => '')
  const lines = text.split('\n')
  for (const line of lines) {
    const found = readTrouble(line)
    if (found !== undefined) return `${troubleText(found)}\n${lines.slice(-shownLines).join('\n')}`
  }
  return undefined
}
