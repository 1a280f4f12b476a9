/** Something that a run left. */
export interface Leftover {
  readonly kind: string
  readonly name: string
  /** Bytes on a disk, where they are known. */
  readonly bytes?: number
  /** Where it is, where there are several places. */
  readonly place?: string
  /** Removes it; whether it is gone. */
  readonly remove: () => Promise<boolean>
}

/** How a leftover is listed. */
export function leftoverLine({ kind, name, bytes, place }: Leftover): string {
  const size = bytes === undefined ? '' : `  ${(bytes / 1e6).toFixed(0)} MB`
  return `${kind.padEnd(13)}  ${name}${size}${place === undefined ? '' : `  at ${place}`}`
}

/**
 * Removes all of them, whatever becomes of each.
 *
 * @param note - is told what stays and why, and at the end how many went
 * @returns how many stay
 */
export async function removeLeftovers(
  leftovers: readonly Leftover[],
  note: (text: string) => unknown,
): Promise<number> {
  let removed = 0
  for (const { kind, name, remove } of leftovers) {
    try {
      if (await remove()) removed++
      else note(`${kind} ${name} is in use by now or cannot be removed, and stays.`)
    } catch (error) {
      note(`${kind} ${name} stays: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  note(`${removed} of ${leftovers.length} removed`)
  return leftovers.length - removed
}
