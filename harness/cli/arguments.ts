import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { ArgsDef } from 'citty'
import { NetwrightError } from '../model/errors.ts'
import { nearest } from '../model/names.ts'

/** Flags that every command has. */
export const commonFlags = {
  color: { type: 'boolean', description: 'Colours also where the output is no terminal; --no-color: never' },
  help: { type: 'boolean', alias: 'h', description: 'Show this help' },
} as const satisfies ArgsDef

/** The values of a command's flags, repeated ones included, and what stands beside them. */
export interface CheckedArguments {
  readonly positionals: readonly string[]
  /** Every value that a flag was given, in order. */
  readonly all: (flag: string) => readonly string[]
}

/**
 * Checks a command's arguments strictly: citty lets unknown flags pass and keeps one value of a repeated flag.
 *
 * @throws NETWRIGHT_USAGE for an unknown flag (with the one that was probably meant) and for a value that is missing or
 *   too much
 */
export function checkArguments(command: string, raw: readonly string[], definition: ArgsDef): CheckedArguments {
  const flags = Object.entries(definition).filter(([, { type }]) => type !== 'positional')
  const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
    flags.map(([name, flag]) => {
      const [short] = ('alias' in flag ? [flag.alias ?? []].flat() : []).filter((alias) => alias.length === 1)
      const type = flag.type === 'boolean' ? 'boolean' : 'string'
      return [name, { type, multiple: true, ...(short === undefined ? {} : { short }) } as const]
    }),
  )
  const { tokens, positionals } = parseArgs({
    args: [...raw],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const name = token.name.startsWith('no-') && !(token.name in options) ? token.name.slice(3) : token.name
    const known = options[name]
    const isNegated = name !== token.name
    if (known === undefined || (isNegated && known.type !== 'boolean')) {
      throw unknownFlag(command, token.rawName, Object.keys(options))
    }
    if (known.type === 'boolean' && token.value !== undefined) {
      throw usage(command, `${token.rawName} takes no value`, `Write ${token.rawName} alone.`)
    }
    // What looks like another flag is that, not the value of this one; "-" is standard output.
    if (known.type === 'string' && (token.value === undefined || /^-./.test(token.value))) {
      throw usage(command, `${token.rawName} needs a value`, `Write ${token.rawName} VALUE.`)
    }
    values.set(name, [...(values.get(name) ?? []), token.value ?? ''])
  }
  return { positionals, all: (flag) => values.get(flag) ?? [] }
}

function unknownFlag(command: string, flag: string, known: readonly string[]): NetwrightError {
  const close = nearest(flag.replace(/^-+(no-)?/, ''), known)
  const suggestion = close === undefined ? '' : `Did you mean --${close}? `
  return usage(command, `there is no flag ${flag}`, `${suggestion}See: netwright ${command} --help`)
}

/** An error about how a command was called. */
export function usage(command: string, what: string, next: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_USAGE', what, { place: `netwright ${command}`, next })
}
