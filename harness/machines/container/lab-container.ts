import { readFile } from 'node:fs/promises'
import { GenericContainer, Wait } from 'testcontainers'
import { agentFile, localArch } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openChannel } from '../channel/open-channel.ts'
import { neededCheck } from '../needed-programs.ts'
import { attach, type Attached } from './attach.ts'
import type { Engine } from './find-engine.ts'
import { hasImage } from './lab-image.ts'
import { ownLabels, removeContainer } from './owner.ts'
import { imageMissing, startRefused } from './refusals.ts'

/** Where the agent is in a container. */
export const agentPath = '/netwright/agent.pl'

const firstProcess = `${neededCheck}\nexec perl ${agentPath} ${localArch()}`

/** Milliseconds from the container's start to the agent's greeting, at most. */
const greetingMs = 20_000

/**
 * A container whose first process is the agent, its stdin and stdout the attached stream. When that ends, because the
 * harness closed it or ended, the engine closes stdin (StdinOnce), the agent exits, and the engine removes the container
 * (AutoRemove): no reaper is needed.
 */
class LabContainer extends GenericContainer {
  readonly #engine: Engine
  #attached: Attached | undefined
  #id: string | undefined

  constructor(image: string, engine: Engine) {
    super(image)
    this.#engine = engine
    Object.assign(this.createOpts, {
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      Tty: false,
      StopSignal: 'SIGKILL',
    })
    // The channel's bytes are no log.
    Object.assign(this.hostConfig, { AutoRemove: true, LogConfig: { Type: 'none', Config: {} } })
  }

  get id(): string | undefined {
    return this.#id
  }

  get attached(): Attached | undefined {
    return this.#attached
  }

  /** Before it starts, so that nothing it says is missed, nor its end. */
  protected override async containerCreated(id: string): Promise<void> {
    this.#id = id
    this.#attached = await attach(this.#engine, id)
  }
}

/**
 * Starts a privileged container without a network, and speaks to the agent in it.
 *
 * @param copyAgent - whether the image has no agent yet
 * @throws NETWRIGHT_CONTAINER with the engine's words, or naming the programs that the image lacks
 */
export async function startLabContainer(engine: Engine, image: string, copyAgent: boolean): Promise<Channel> {
  const container = new LabContainer(image, engine)
    .withPrivilegedMode()
    .withNetworkMode('none')
    .withEntrypoint(['sh', '-c', firstProcess])
    .withCommand([])
    .withUser('0:0')
    .withLabels(await ownLabels())
    .withAutoCleanup(false)
    .withWaitStrategy(Wait.forListeningPorts())
  if (copyAgent) container.withCopyContentToContainer([{ content: await readFile(agentFile), target: agentPath }])
  let startError: unknown
  await container.start().catch((error: unknown) => {
    startError = error
  })
  const { attached, id } = container
  if (attached === undefined || id === undefined) {
    if (id !== undefined) await removeContainer(engine, id)
    else if (!(await hasImage(engine, image))) throw imageMissing(image, startError)
    throw await startRefused(engine, image, startError, '')
  }
  const { input, output } = attached
  let late = ''
  const words = (): string => [attached.words(), late].filter((part) => part !== '').join('\n')
  const remove = async (): Promise<void> => {
    input.end()
    await removeContainer(engine, id)
    input.destroy() // not every engine ends the stream with the container
  }
  let removing: Promise<void> | undefined
  const ended = attached.ended.then(words)
  const transport = { input, output, ended, destroy: () => void (removing ??= remove()) }
  const timer = setTimeout(() => {
    late = `no greeting within ${greetingMs / 1000} s`
    transport.destroy()
  }, greetingMs)
  // It may have ended so early that the package did not see it run: then it said why.
  if (startError !== undefined) transport.destroy()
  try {
    const channel = await openChannel(transport)
    return {
      ...channel,
      close: async () => {
        await channel.close()
        await removing
      },
    }
  } catch {
    transport.destroy()
    await removing
    throw await startRefused(engine, image, startError, words())
  } finally {
    clearTimeout(timer)
  }
}
