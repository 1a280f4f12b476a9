import type { Engine } from './find-engine.ts'
import { labRepository } from './lab-image.ts'
import { madeContainers, madeLabel, removeContainer } from './owner.ts'

/** Something at an engine that was made here and that nobody uses. */
export interface Leftover {
  readonly kind: 'container' | 'image'
  readonly name: string
  /** Bytes on the engine's disk, of an image. */
  readonly bytes?: number
  /**
   * Removes it.
   *
   * @returns whether it is gone; false when somebody has begun to use it
   */
  readonly remove: () => Promise<boolean>
}

/**
 * What runs left at an engine: containers whose maker is gone, and the images with this machine's programs, which the
 * next run makes again. Only what carries the label; other names of such an image are the user's.
 */
export async function findLeftovers(engine: Engine): Promise<readonly Leftover[]> {
  const containers = await madeContainers(engine)
  const used = new Set(containers.filter(({ inUse }) => inUse).map(({ image }) => image))
  const images = await engine.listImages({ filters: { label: [`${madeLabel}=image`] } })
  return [
    ...containers
      .filter(({ inUse }) => !inUse)
      .map(({ id, name }) => ({
        kind: 'container' as const,
        name,
        remove: async () => {
          await removeContainer(engine, id)
          return true
        },
      })),
    ...images.flatMap(({ Id: id, RepoTags: tags, Size: bytes }) =>
      // One without a name was imported by a run that was killed before it gave it one.
      ((tags ?? []).length === 0 ? [id] : (tags ?? []))
        .filter((name) => (name === id || name.startsWith(`${labRepository}:`)) && !used.has(name))
        .map((name) => ({ kind: 'image' as const, name, bytes, remove: () => removeImage(engine, name) })),
    ),
  ]
}

/** @returns whether it is gone; false when a container uses it */
export async function removeImage(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.getImage(name).remove()
    return true
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode
    if (status === 404) return true
    if (status === 409) return false
    throw error
  }
}
