import { NetwrightError } from '../model/errors.ts'

/** The first sentence of an error, and what to do about it. */
export function problemText(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  const next = error instanceof NetwrightError ? error.details.next : undefined
  return next === undefined ? first : `${first} (${next})`
}
