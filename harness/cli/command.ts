import type { ArgsDef } from 'citty'
import type { CheckedArguments } from './arguments.ts'
import type { Terminal } from './terminal.ts'

/** What a command is run with. */
export interface CommandCall {
  readonly args: CheckedArguments
  readonly terminal: Terminal
}

/** A command of `netwright`. */
export interface Command {
  /** One sentence. */
  readonly description: string
  /** Its flags and positional arguments, as citty describes them. */
  readonly args: ArgsDef
  /** How many words beside the flags it takes; as many as `args` names unless told. */
  readonly maxWords?: number
  readonly examples: readonly (readonly [line: string, what: string])[]
  /** Does it; answers the exit code. */
  readonly run: (call: CommandCall) => Promise<number>
}

/** Whether a flag without a value was given. */
export function isSet(args: CheckedArguments, flag: string): boolean {
  return args.all(flag).length > 0
}

/** The last value of a flag. */
export function valueOf(args: CheckedArguments, flag: string): string | undefined {
  return args.all(flag).at(-1)
}
