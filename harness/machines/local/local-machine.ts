import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { NetwrightError } from '../../model/errors.ts'
import { openAbilities } from '../ability.ts'
import { agentCommand, agentFile, localArch, openLocalAgent } from '../channel/agent-process.ts'
import type { AgentChannel, Channel } from '../channel/channel.ts'
import { openForkedAgent } from '../channel/forked-agent.ts'
import { disposed } from '../disposed.ts'
import { dockerFolders } from '../docker-programs.ts'
import type { Machine } from '../machine.ts'
import { initOutside } from './enter.ts'

const pidSandbox = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const asUser = ['--user', '--map-root-user']
const agent = agentCommand(agentFile, localArch())

/**
 * The machine the harness runs on. As root its labs use no user namespace; otherwise they run in one,
 * where the kernel allows it.
 *
 * @throws NETWRIGHT_NO_NAMESPACES when neither works, with the reason and what usually cures it
 */
export async function localMachine(): Promise<Machine> {
  const [{ channel, privilege }, distribution, folders] = await Promise.all([
    openMachineChannel(),
    distro(),
    dockerFolders(),
  ])
  let isDisposed = false
  const openSandbox = async (): Promise<Channel> => {
    if (isDisposed) throw disposed('local')
    const sandbox = await openForkedAgent(channel)
    return { ...sandbox.channel, localPid: async () => initOutside(await channel.localPid?.(), sandbox.pid) }
  }
  const ownPath = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'
  const environment = {
    PATH: ['/usr/local/sbin:/usr/sbin:/sbin', ownPath, ...folders].join(':'),
    HOME: process.env['HOME'] ?? '/',
    LC_ALL: 'C',
  }
  const abilities = openAbilities(openSandbox, environment)
  return {
    name: 'local',
    facts: {
      kind: 'local',
      kernel: release(),
      distro: distribution,
      arch: localArch(),
      privilege,
    },
    environment,
    channel,
    openSandbox,
    can: abilities.can,
    dispose: async () => {
      isDisposed = true
      await Promise.all([channel.close(), abilities.close()])
    },
  }
}

type Privilege = 'root' | 'user namespace'

/** Opens the channel to the machine itself, with the privilege with which network namespaces can be made. */
async function openMachineChannel(): Promise<{ channel: AgentChannel; privilege: Privilege }> {
  const attempts: readonly Privilege[] = process.geteuid?.() === 0 ? ['root', 'user namespace'] : ['user namespace']
  const refusals: unknown[] = []
  for (const privilege of attempts) {
    const flags = privilege === 'root' ? [] : asUser
    try {
      const channel = await openLocalAgent(['unshare', ...flags, ...pidSandbox, ...agent])
      try {
        await channel.makeHost() // the proof: a network namespace, and mounts in it
        return { channel, privilege }
      } catch (refused) {
        await channel.close()
        refusals.push(refused)
      }
    } catch (refused) {
      refusals.push(refused)
    }
  }
  const said = refusals.map((refused) => (refused instanceof NetwrightError ? refused.details.stderr : String(refused)))
  throw new NetwrightError('NETWRIGHT_NO_NAMESPACES', 'This machine does not let Netwright make network namespaces', {
    stderr: said.join('\n'),
    next: await namespaceCure(),
    cause: refusals.at(-1),
  })
}

/** The switch that forbids user namespaces on this machine, as the command that turns it. */
async function namespaceCure(): Promise<string> {
  const switches: readonly (readonly [file: string, forbidding: string, cure: string])[] = [
    ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'sudo sysctl kernel.unprivileged_userns_clone=1'],
    [
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      '1',
      'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0',
    ],
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
