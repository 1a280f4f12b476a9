import { Readable } from 'node:stream'
import { cacheFolder, holdFolder } from '../vm/cache-folder.ts'
import { findUserland, userlandEntries } from '../vm/userland.ts'
import type { Engine } from './find-engine.ts'
import { madeLabel } from './owner.ts'
import { importRefused } from './refusals.ts'
import { packUstar } from './ustar.ts'

/** Name of the images that are made here; the tag is the recipe's hash. */
export const labRepository = 'localhost/netwright/lab'

/**
 * The image with this machine's own programs: the engine's, else made and imported. It needs no registry.
 *
 * @returns its name, whose tag changes whenever anything in it does, and whether it was imported now
 * @throws NETWRIGHT_TOOL_MISSING naming programs that this machine lacks; NETWRIGHT_CONTAINER when the engine refuses it
 */
export async function labImage(engine: Engine): Promise<{ readonly name: string; readonly isNew: boolean }> {
  const parts = await findUserland()
  const name = `${labRepository}:${parts.fingerprint}`
  if (await hasImage(engine, name)) return { name, isNew: false }
  // Workers start at the same time: one makes it.
  const letGo = await holdFolder(await cacheFolder('container'))
  try {
    if (await hasImage(engine, name)) return { name, isNew: false }
    const archive = packUstar(await userlandEntries(parts))
    await importImage(engine, name, archive).catch(async (cause: unknown) => {
      throw await importRefused(engine, archive.length, cause)
    })
    return { name, isNew: true }
  } finally {
    await letGo()
  }
}

async function importImage(engine: Engine, name: string, archive: Buffer): Promise<void> {
  const answer = await engine.importImage(Readable.from([archive], { objectMode: false }), {
    repo: name, // with its tag: Podman ignores one beside it
    changes: [`LABEL ${madeLabel}=image`],
  })
  const said: string[] = []
  for await (const chunk of answer) said.push(String(chunk))
  // What goes wrong after the answer has begun is in it.
  if (!(await hasImage(engine, name))) throw new Error(said.join('').trim())
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
