import { NetwrightError, type ErrorKind } from '../model/errors.ts'

/** How the command line ends. */
export const exitCodes = {
  /** Everything is as expected. */
  ok: 0,
  /** An expectation was not met, or not measured. */
  notMet: 1,
  /** Wrong usage. */
  usage: 2,
  /** The machine cannot run what was asked. */
  unable: 3,
} as const

const codeOfKind: Readonly<Record<ErrorKind, number>> = {
  failed: exitCodes.notMet,
  usage: exitCodes.usage,
  unable: exitCodes.unable,
}

/** The exit code that an error stands for; what is not one of ours is a defect, and fails. */
export function exitCodeOf(error: unknown): number {
  return error instanceof NetwrightError ? codeOfKind[error.kind] : exitCodes.notMet
}

/** The words of an error: ours as they are, without a stack. */
export function errorText(error: unknown): string {
  if (error instanceof NetwrightError) return `netwright: ${error.message}`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `netwright: this is a defect of netwright; please report it with the following\n${stack}`
}
