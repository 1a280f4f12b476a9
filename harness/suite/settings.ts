import { delimiter } from 'node:path'

/** What the command line (or nobody) told this process about the run. */
export interface RunSettings {
  /** Machine, as on the command line. */
  readonly on: string
  /** Folders that suite names are relative to; the innermost that holds a file counts. */
  readonly roots: readonly string[]
  /** Folder for pcapng files. */
  readonly captures?: string
  /** Socket at which somebody waits for labs to keep, and the password there. */
  readonly keep?: string
  /** Whether the machine is put back before each suite file. */
  readonly fresh?: boolean
}

/** Variables by which the command line reaches the processes that vitest starts. */
const settingVariables = {
  on: 'NETWRIGHT_ON',
  roots: 'NETWRIGHT_ROOTS',
  captures: 'NETWRIGHT_CAPTURES',
  keep: 'NETWRIGHT_KEEP',
  fresh: 'NETWRIGHT_FRESH',
} as const

/** The variables that carry settings to {@link runSettings}. */
export function settingsEnvironment(settings: RunSettings): Record<string, string> {
  return {
    [settingVariables.on]: settings.on,
    [settingVariables.roots]: settings.roots.join(delimiter),
    ...(settings.captures === undefined ? {} : { [settingVariables.captures]: settings.captures }),
    ...(settings.keep === undefined ? {} : { [settingVariables.keep]: settings.keep }),
    ...(settings.fresh === true ? { [settingVariables.fresh]: '1' } : {}),
  }
}

const titleVariable = 'NETWRIGHT_TITLE'

/** The variable that carries which scenarios were asked for to {@link titleAsked}. */
export const titleEnvironment = (title: RegExp | undefined): Record<string, string> =>
  title === undefined ? {} : { [titleVariable]: `${title.flags}/${title.source}` }

/** What the titles of the scenarios that are to run match; nothing where all are. */
export function titleAsked(env: Readonly<Record<string, string | undefined>> = process.env): RegExp | undefined {
  const text = env[titleVariable]
  if (text === undefined) return undefined
  const end = text.indexOf('/')
  return new RegExp(text.slice(end + 1), text.slice(0, end))
}

/** The settings of this process; outside of a run of the command line, those of a user's own vitest. */
export function runSettings(env: Readonly<Record<string, string | undefined>> = process.env): RunSettings {
  const captures = env[settingVariables.captures]
  const keep = env[settingVariables.keep]
  return {
    on: env[settingVariables.on] ?? 'local',
    roots: env[settingVariables.roots]?.split(delimiter) ?? [process.cwd()],
    ...(captures === undefined ? {} : { captures }),
    ...(keep === undefined ? {} : { keep }),
    ...(env[settingVariables.fresh] === undefined ? {} : { fresh: true }),
  }
}
