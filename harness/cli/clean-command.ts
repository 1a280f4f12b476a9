import { findEngine, type Engine } from '../machines/container/find-engine.ts'
import { findLeftovers } from '../machines/container/leftovers.ts'
import { leftControlGroups, removeControlGroup } from '../machines/control-groups.ts'
import { leftBuilds } from '../machines/vagrant/built-box.ts'
import { leftRuns } from '../machines/vagrant/runs.ts'
import { NetwrightError } from '../model/errors.ts'
import { isSet, type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** Something that a run left. */
interface Leftover {
  readonly kind: string
  readonly name: string
  /** Bytes on a disk, where they are known. */
  readonly bytes?: number
  /** Removes it; whether it is gone. */
  readonly remove: () => Promise<boolean>
}

/** `netwright clean` */
export const cleanCommand: Command = {
  description:
    'Lists what runs left, then removes it: at the container engine, containers whose run is over and images that the next run makes again; Vagrant boxes whose run is over, and half-made ones; control groups of engines that ran in labs. It touches nothing that Netwright did not make',
  args: { list: { type: 'boolean', description: 'Only list it' } },
  examples: [
    ['netwright clean --list', 'what would go'],
    ['netwright clean', 'list it, and remove it'],
  ],
  run: async ({ args, terminal: { print, note } }) => {
    const engine = await engineHere()
    if (engine === undefined) note('No container engine answers: what one that is stopped may keep is not looked at.')
    const runs = (await leftRuns()).map((run) => ({ kind: 'boxes', ...run }))
    const builds = (await leftBuilds()).map((build) => ({ kind: 'half-made box', ...build }))
    const groups = (await leftControlGroups()).map((name) => ({
      kind: 'control group',
      name,
      remove: () => removeControlGroup(name),
    }))
    const ofEngine = engine === undefined ? [] : await findLeftovers(engine)
    const leftovers: readonly Leftover[] = [...ofEngine, ...runs, ...builds, ...groups]
    if (leftovers.length === 0) {
      note('Nothing is left.')
      return exitCodes.ok
    }
    for (const leftover of leftovers) print(line(leftover))
    if (isSet(args, 'list')) return exitCodes.ok
    let removed = 0
    for (const leftover of leftovers) {
      if (await leftover.remove()) removed++
      else note(`${leftover.kind} ${leftover.name} is in use by now or cannot be removed, and stays.`)
    }
    note(`${removed} of ${leftovers.length} removed`)
    return exitCodes.ok
  },
}

/** The engine, where there is one; one that DOCKER_HOST names has to answer. */
async function engineHere(): Promise<Engine | undefined> {
  return findEngine().catch((error: unknown) => {
    if (!(error instanceof NetwrightError) || process.env['DOCKER_HOST']) throw error
    return undefined
  })
}

function line({ kind, name, bytes }: Leftover): string {
  return `${kind.padEnd(13)}  ${name}${bytes === undefined ? '' : `  ${(bytes / 1e6).toFixed(0)} MB`}`
}
