import { NetwrightError, type ErrorCode } from '../../model/errors.ts'

const absences: readonly ErrorCode[] = [
  'NETWRIGHT_UNSUPPORTED',
  'NETWRIGHT_KERNEL_NOT_FETCHED',
  'NETWRIGHT_TOOL_MISSING',
]

/**
 * Why this machine cannot do what a test needs: the reason of its skip.
 *
 * @throws the error itself unless it says what the machine lacks; what fails for another reason must not be skipped
 *
 * @example
 * const found = await provideQemu(() => undefined).catch(absenceOf)
 */
export function absenceOf(error: unknown): string {
  if (error instanceof NetwrightError && absences.includes(error.code)) return error.message.split('\n', 1)[0] ?? ''
  throw error
}
