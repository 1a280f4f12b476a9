import { NetwrightError } from '../../model/errors.ts'
import { missingIn } from '../needed-programs.ts'
import type { Engine } from './find-engine.ts'

/** The engine has no such image, and gets none from a registry. */
export function imageMissing(image: string, cause: unknown): NetwrightError {
  return new NetwrightError('NETWRIGHT_CONTAINER', `The engine cannot get the image ${image}`, {
    place: `machine container:${image}`,
    stderr: wordsOf(cause),
    next: 'Bring it to the engine: `docker pull`, `docker load` or `docker import`; or use `--on container`, which needs no registry.',
    cause,
  })
}

/** The engine did not take the image that was made for it, of so many bytes. */
export async function importRefused(engine: Engine, bytes: number, cause: unknown): Promise<NetwrightError> {
  const stderr = wordsOf(cause)
  const size = `${Math.ceil(bytes / 2 ** 20)} MiB`
  if (isFull(stderr)) {
    const what = `The engine’s disk is full: the image of this machine’s programs (${size}) does not fit on it`
    return new NetwrightError('NETWRIGHT_CONTAINER', what, { stderr, next: await makeRoom(engine), cause })
  }
  const { command } = await identityOf(engine)
  return new NetwrightError('NETWRIGHT_CONTAINER', 'The engine does not take the image of this machine’s programs', {
    stderr,
    next: `Its log says more; \`${command} info\` tells whether it is well, and DOCKER_HOST names another.`,
    cause,
  })
}

/**
 * A container did not start, or ended before its agent greeted.
 *
 * @param cause - what the engine said when it was asked for the container
 * @param words - what the container's first process said
 */
export async function startRefused(
  engine: Engine,
  image: string,
  cause: unknown,
  words: string,
): Promise<NetwrightError> {
  const stderr = [wordsOf(cause), words].filter((part) => part !== '').join('\n')
  const missing = missingPrograms(stderr)
  if (missing !== undefined) {
    return new NetwrightError('NETWRIGHT_CONTAINER', `The image ${image} lacks programs that labs need: ${missing}`, {
      place: `machine container:${image}`,
      next: 'Install them in an image of your own, or use `--on container`, which brings this machine’s programs.',
    })
  }
  const [what, next] = await explained(engine, image, stderr)
  return new NetwrightError('NETWRIGHT_CONTAINER', what, { stderr, next, cause })
}

function missingPrograms(said: string): string | undefined {
  // runc and crun say so of the first process itself.
  if (/"sh": executable file not found|executable file `sh` not found/.test(said)) return 'sh'
  return missingIn(said)
}

async function explained(engine: Engine, image: string, said: string): Promise<readonly [what: string, next: string]> {
  if (/unable to apply caps/i.test(said)) {
    return [
      'The engine cannot give a container the privileges that labs need',
      'Docker before 26 cannot where CAP_SYS_RESOURCE is missing (`capsh --print` lists it): take a newer one, or Podman.',
    ]
  }
  if (/(?<!un)privileged (containers?|mode)|authorization denied|\(HTTP code 403\)/i.test(said)) {
    return [
      'The engine refuses privileged containers',
      'Labs need one: allow it in what refuses it (its own words are above), or set DOCKER_HOST to an engine of your own, ' +
        'such as `podman system service --time=0 unix:///tmp/podman.sock`, which needs no root; `--on local` needs no engine.',
    ]
  }
  if (/cgroups in hybrid mode/i.test(said)) {
    return [
      'The engine’s runtime, crun, does not take this machine’s control groups',
      'Install runc and have Podman use it: `runtime = "runc"` under `[engine]` in /etc/containers/containers.conf.',
    ]
  }
  if (isFull(said)) return [`The engine’s disk is full: it has no room for a container`, await makeRoom(engine)]
  const { command } = await identityOf(engine)
  return [
    `A privileged container of ${image} does not start`,
    `Try \`${command} run --rm --privileged --network none ${image} true\`: it says more.`,
  ]
}

/** Keys and control groups run out with the same words, and no disk is to blame. */
const isFull = (said: string): boolean =>
  /no space left|disk quota exceeded/i.test(said) && !/session key|keyring|\/sys\/fs\/cgroup/i.test(said)

async function makeRoom(engine: Engine): Promise<string> {
  const { command, folder } = await identityOf(engine)
  return (
    `\`df -h ${folder}\` shows how full, \`${command} system df\` by what. \`netwright clean\` removes what earlier runs ` +
    `brought there, \`${command} system prune\` what no container uses.`
  )
}

/** What an engine says of itself: the command that speaks to it, and the folder of its data. */
async function identityOf(engine: Engine): Promise<{ command: 'docker' | 'podman'; folder: string }> {
  const ask = async (): Promise<{ command: 'docker' | 'podman'; folder: string }> => {
    const [version, info] = (await Promise.all([engine.version(), engine.info()])) as readonly [
      { Components?: readonly { Name: string }[] },
      { DockerRootDir?: string },
    ]
    const isPodman = version.Components?.some(({ Name: name }) => name.startsWith('Podman')) === true
    const command = isPodman ? 'podman' : 'docker'
    return { command, folder: info.DockerRootDir ?? (isPodman ? '/var/lib/containers' : '/var/lib/docker') }
  }
  return ask().catch(() => ({ command: 'docker', folder: '/var/lib/docker' }))
}

function wordsOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message.trim()
  return typeof cause === 'string' ? cause.trim() : ''
}
