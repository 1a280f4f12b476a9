import picocolors from 'picocolors'

/** What a terminal text may paint with; every function leaves its text as it is when colours are off. */
export type Colours = ReturnType<typeof picocolors.createColors>

/** No colours: for files, pipes and error messages that others store. */
export const plain: Colours = picocolors.createColors(false)

/**
 * Colours for a stream: only on a terminal, and never with `NO_COLOR`, `TERM=dumb` or `--no-color`
 * (picocolors' own test would also colour a CI log, which people read as a file).
 */
export function coloursFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
  args: readonly string[] = process.argv,
): Colours {
  const forbidden = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb' || args.includes('--no-color')
  return picocolors.createColors(stream.isTTY === true && !forbidden)
}
