import type { RunOptions } from './run-scenario.ts'

/** What the command line (or nobody) told this process about the run. */
export interface RunSettings {
  /** Machine, as on the command line. */
  readonly on: string
  /** Folder that suite names are relative to. */
  readonly root: string
  readonly hooks: Pick<RunOptions, 'onFailedLab' | 'saveCaptures'>
}

/** Variables by which the command line reaches the processes that vitest starts. */
export const settingVariables = {
  on: 'NETWRIGHT_ON',
  root: 'NETWRIGHT_ROOT',
  /** Folder for pcapng files. */
  captures: 'NETWRIGHT_CAPTURES',
  /** `1` keeps the lab of a failed scenario until the run is interrupted. */
  keep: 'NETWRIGHT_KEEP',
} as const

export function runSettings(): RunSettings {
  const { env } = process
  return {
    on: env[settingVariables.on] ?? 'local',
    root: env[settingVariables.root] ?? process.cwd(),
    hooks: {},
  }
}
