import { openAbilities } from '../ability.ts'
import { agentCommand, localArch } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openNestedAgent } from '../channel/nested-agent.ts'
import type { Machine } from '../machine.ts'
import { findEngine } from './find-engine.ts'
import { sweepContainers } from './owner.ts'

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}
const sandboxFlags = ['--net', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/**
 * A privileged container without a network, in which labs are built: this machine's kernel, with this machine's programs
 * or those of an image.
 *
 * @param image - of the engine, such as `example/lab:1`, with the tools that docs/machines.md lists; unless told, one with this machine's programs, which needs no registry
 * @throws NETWRIGHT_NO_ENGINE, NETWRIGHT_CONTAINER, NETWRIGHT_TOOL_MISSING
 *
 * @example
 * const machine = await containerMachine()
 */
export async function containerMachine(image?: string): Promise<Machine> {
  const engine = await findEngine()
  // After the engine is found: the package takes its time to load.
  const [{ labImage }, { removeImage }, { agentPath, startLabContainer }] = await Promise.all([
    import('./lab-image.ts'),
    import('./leftovers.ts'),
    import('./lab-container.ts'),
  ])
  await sweepContainers(engine)
  const source = image === undefined ? await labImage(engine) : { name: image, isNew: false }
  const channel = await startLabContainer(engine, source.name, image !== undefined).catch(async (refusal: unknown) => {
    // An engine that starts no container of it is left as it was; one that cannot remove it either has told why it refused.
    if (source.isNew) await removeImage(engine, source.name).catch(() => undefined)
    throw refusal
  })
  const openSandbox = (): Promise<Channel> =>
    openNestedAgent(channel, ['unshare', ...sandboxFlags, ...agentCommand(agentPath, localArch())])
  const abilities = openAbilities(openSandbox, environment)
  const said = async (...argv: readonly string[]): Promise<string> => (await channel.run(argv)).stdout.toString().trim()
  return {
    name: image === undefined ? 'container' : `container:${image}`,
    facts: {
      kind: 'container',
      kernel: await said('uname', '-r'),
      distro: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await said('cat', '/etc/os-release'))?.[1] ?? 'unknown distribution',
      arch: await said('uname', '-m'),
      // A rootless engine's root is an ordinary user outside.
      privilege: /^\s*0\s+0\s/.test(await said('cat', '/proc/self/uid_map')) ? 'root' : 'user namespace',
    },
    environment,
    channel,
    openSandbox,
    can: abilities.can,
    dispose: async () => {
      await abilities.close()
      await channel.close()
    },
  }
}

/**
 * Why no container machine can be had here: found by starting one.
 *
 * @returns the first line of the error; undefined when it works
 */
export async function containerObstacle(): Promise<string | undefined> {
  try {
    await (await containerMachine()).dispose()
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error)
  }
}
