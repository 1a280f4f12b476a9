import { Readable } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder, holdFolder } from '../vm/cache-folder.ts'
import { findUserland, userlandEntries } from '../vm/userland.ts'
import type { Engine } from './find-engine.ts'
import { madeLabel } from './owner.ts'
import { packUstar } from './ustar.ts'

/** Name of the images that are made here; the tag is the recipe's hash. */
export const labRepository = 'localhost/netwright/lab'

/**
 * The image with this machine's own programs: the engine's, else made and imported. It needs no registry.
 *
 * @returns its name; the tag changes whenever anything in it does
 * @throws NETWRIGHT_TOOL_MISSING naming programs that this machine lacks; NETWRIGHT_CONTAINER when the engine refuses it
 */
export async function labImage(engine: Engine): Promise<string> {
  const parts = await findUserland()
  const tag = parts.fingerprint
  const name = `${labRepository}:${tag}`
  if (await hasImage(engine, name)) return name
  // Workers start at the same time: one makes it.
  const letGo = await holdFolder(await cacheFolder('container'))
  try {
    if (await hasImage(engine, name)) return name
    const archive = Readable.from([packUstar(await userlandEntries(parts))], { objectMode: false })
    const answer = await engine.importImage(archive, {
      repo: labRepository,
      tag,
      changes: [`LABEL ${madeLabel}=image`],
    })
    const said: string[] = []
    for await (const chunk of answer) said.push(String(chunk))
    if (await hasImage(engine, name)) return name
    // Podman 4 imports it without a name.
    const id = /"status":"(sha256:\w+)"/.exec(said.join(''))?.[1]
    if (id === undefined) throw new Error(said.join('').trim())
    await engine.getImage(id).tag({ repo: labRepository, tag })
    return name
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_CONTAINER', 'The engine does not take the image of this machine’s programs', {
      stderr: cause instanceof Error ? cause.message : String(cause),
      next: 'Look whether its disk is full (`docker system df`); `netwright clean` removes images of earlier days.',
      cause,
    })
  } finally {
    await letGo()
  }
}

/** Whether the engine has an image, without asking a registry. */
export async function hasImage(engine: Engine, name: string): Promise<boolean> {
  return engine
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    )
}
