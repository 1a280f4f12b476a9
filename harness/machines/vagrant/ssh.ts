import { readFile, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { agentCommand, agentFile, localArch, openLocalAgent } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { missingIn, neededCheck } from '../needed-programs.ts'
import { runStep } from './step.ts'

/** How a node is reached, as `vagrant ssh-config` says it. */
export interface SshTarget {
  readonly node: string
  readonly host: string
  readonly port: string
  readonly user: string
  readonly key: string
  /** The multiplexed connection's socket. */
  readonly socket: string
}

/** Where the agent is on a box. */
export const boxAgent = '/run/netwright/agent.pl'

const connectMs = 60_000
const aliveMs = 5000

/**
 * Reads what `vagrant ssh-config` prints, which is in the format of ssh_config(5): one block for each node.
 *
 * @param socketOf - where a node's multiplexed connection is to be
 */
export function readSshConfig(text: string, socketOf: (node: string) => string): readonly SshTarget[] {
  return text
    .split(/^Host /m)
    .slice(1)
    .map((block) => {
      const node = block.split('\n', 1)[0]?.trim() ?? ''
      const value = (name: string): string => {
        const found = new RegExp(`^\\s+${name} (.*)$`, 'm').exec(block)?.[1] ?? ''
        return found.replace(/^"(.*)"$/, '$1')
      }
      return {
        node,
        host: value('HostName'),
        port: value('Port'),
        user: value('User'),
        key: value('IdentityFile'),
        socket: socketOf(node),
      }
    })
}

const plain = ['-F', 'none', '-T', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR']

/**
 * Opens a node's one connection and brings the agent over it. The connection goes on in a process of its own, beside the
 * node: whatever ends the node ends it.
 *
 * @param enter - prefix of commands that reach the node
 * @param now - milliseconds since the epoch, for a node whose clock has stood still
 * @throws NETWRIGHT_VAGRANT when ssh is refused, or naming the programs that the box lacks
 */
export async function openMaster(
  target: SshTarget,
  enter: readonly string[],
  machine: string,
  now?: number,
): Promise<void> {
  const script = `${neededCheck}
${now === undefined ? '' : `date -s @${String(now / 1000)} >/dev/null\n`}mkdir -p /run/netwright && cat >${boxAgent}`
  const argv = [
    ...enter,
    ...sshAt(target),
    ...['-o', 'ControlMaster=yes', '-o', 'ControlPersist=yes'],
    // Its key is as new as the box is, and its network is nobody else's.
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'IdentitiesOnly=yes', '-i', target.key, '-p', target.port],
    ...['-o', 'ConnectTimeout=20', '-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=12'],
    `${target.user}@${target.host}`,
    asRoot(target, `sh -c '${script.replaceAll("'", `'\\''`)}'`),
  ]
  const { kind, said } = await runStep(argv, { limitMs: connectMs, input: await readFile(agentFile) })
  if (kind === 'done') return
  const missing = missingIn(said)
  if (missing !== undefined) {
    throw new NetwrightError('NETWRIGHT_VAGRANT', `The box lacks programs that labs need: ${missing}`, {
      place: machine,
      next: 'Install them in the box (`config.vm.provision` of a Vagrantfile, then `vagrant package`), or use `--on vagrant:debian12`, which has them.',
    })
  }
  throw new NetwrightError('NETWRIGHT_VAGRANT', `ssh to ${target.node} of the box fails`, {
    place: machine,
    command: argv.slice(enter.length, -1).join(' '),
    stderr: kind === 'late' ? `no answer within ${connectMs / 1000} s\n${said}` : said,
    next: isRefusal(said)
      ? 'Labs need root: the user of the box must be root, or may `sudo` without a password.'
      : 'Its words are above; `--on vagrant:debian12` is a box that is known to work.',
  })
}

/** Whether words of ssh or sudo say that a user may not do what labs need. */
export const isRefusal = (said: string): boolean => /permission denied|not permitted|\bsudo:|must be root/i.test(said)

/** Ends a node's connection, if there is one. */
export async function closeMaster(target: SshTarget): Promise<void> {
  await runStep([...sshAt(target), '-O', 'exit', 'box'], { limitMs: 5000 })
  await rm(target.socket, { force: true })
}

/** Whether a node still answers over its connection, within seconds: one whose kernel is no more never does. */
export async function isAlive(target: SshTarget): Promise<boolean> {
  return (await runStep([...over(target), 'true'], { limitMs: aliveMs })).kind === 'done'
}

/** Starts an agent on a node over its connection. It ends with the channel, with this process, or with the node. */
export function openAgentOver(target: SshTarget): Promise<Channel> {
  return openLocalAgent([...over(target), asRoot(target, agentCommand(boxAgent, localArch()).join(' '))])
}

/** Without the connection there is nobody to speak to: that address may be another machine's, seen from here. */
function over(target: SshTarget): readonly string[] {
  const { user, host } = target
  return [...sshAt(target), '-o', 'ControlMaster=no', '-o', 'ProxyCommand=false', `${user}@${host}`]
}

/**
 * ssh in the folder of its socket, which is named relative to it: an address has 108 bytes (unix(7)), of which ssh needs 18
 * for a name that it binds first, and caches may lie deep. Entering a mount namespace leaves the working directory, hence
 * `env`.
 */
function sshAt({ socket }: SshTarget): readonly string[] {
  return ['env', `--chdir=${dirname(socket)}`, 'ssh', ...plain, '-S', basename(socket)]
}

function asRoot({ user }: SshTarget, command: string): string {
  return user === 'root' ? command : `sudo -n ${command}`
}
