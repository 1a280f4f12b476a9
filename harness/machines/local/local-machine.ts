import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { NetwrightError } from '../../model/errors.ts'
import { tryFeature } from '../ability.ts'
import { agentCommand, agentFile, localArch, openLocalAgent } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import type { Ability, Feature, Machine } from '../machine.ts'

const pidSandbox = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const asUser = ['--user', '--map-root-user']

/**
 * The machine the harness runs on. As root its labs use no user namespace; otherwise they run in one,
 * where the kernel allows it.
 *
 * @throws NETWRIGHT_NO_NAMESPACES when neither works, with the reason and what usually cures it
 */
export async function localMachine(): Promise<Machine> {
  const privilege = await findPrivilege()
  const userFlags = privilege === 'user namespace' ? asUser : []
  const agent = agentCommand(agentFile, localArch())
  const channel = await openLocalAgent(['unshare', ...userFlags, ...pidSandbox, ...agent])
  const openSandbox = (): Promise<Channel> =>
    openLocalAgent(['unshare', ...userFlags, '--net', '--ipc', ...pidSandbox, ...agent])
  const tried = new Map<Feature, Promise<Ability>>()
  return {
    name: 'local',
    facts: {
      kind: 'local',
      kernel: release(),
      distro: await distro(),
      arch: localArch(),
      privilege,
    },
    environment: {
      PATH: `/usr/local/sbin:/usr/sbin:/sbin:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
      HOME: process.env['HOME'] ?? '/',
      LC_ALL: 'C',
    },
    channel,
    openSandbox,
    can: (feature) => {
      const known = tried.get(feature) ?? tryFeature(feature, openSandbox)
      tried.set(feature, known)
      return known
    },
    dispose: () => channel.close(),
  }
}

async function findPrivilege(): Promise<'root' | 'user namespace'> {
  const attempts = process.geteuid?.() === 0 ? (['root', 'user namespace'] as const) : (['user namespace'] as const)
  let last: unknown
  for (const attempt of attempts) {
    const flags = attempt === 'root' ? [] : asUser
    try {
      const probe = await openLocalAgent(['unshare', ...flags, '--net', ...pidSandbox, ...agentCommand(agentFile, localArch())])
      await probe.close()
      return attempt
    } catch (error) {
      last = error
    }
  }
  throw new NetwrightError('NETWRIGHT_NO_NAMESPACES', 'This machine does not let Netwright make network namespaces', {
    ...(last instanceof NetwrightError && last.details.stderr !== undefined ? { stderr: last.details.stderr } : {}),
    next: await namespaceCure(),
    cause: last,
  })
}

/** The switch that forbids user namespaces on this machine, as the command that turns it. */
async function namespaceCure(): Promise<string> {
  const switches: readonly (readonly [file: string, forbidding: string, cure: string])[] = [
    ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'sudo sysctl kernel.unprivileged_userns_clone=1'],
    ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1', 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'],
    ['/proc/sys/user/max_user_namespaces', '0', 'sudo sysctl user.max_user_namespaces=15000'],
  ]
  for (const [file, forbidding, cure] of switches) {
    const value = await readFile(file, 'utf8').catch(() => '')
    if (value.trim() === forbidding) return `Run as root, or allow user namespaces: ${cure}`
  }
  return 'Run as root (in a container: with --privileged).'
}

async function distro(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'unknown distribution'
}
