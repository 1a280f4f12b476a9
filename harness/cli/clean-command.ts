import { findEngines } from '../machines/container/find-engines.ts'
import { findLeftovers } from '../machines/container/leftovers.ts'
import { leftControlGroups, removeControlGroup } from '../machines/control-groups.ts'
import { leftBuilds } from '../machines/vagrant/built-box.ts'
import { leftRuns } from '../machines/vagrant/runs.ts'
import { isSet, type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { leftoverLine, removeLeftovers, type Leftover } from './leftovers.ts'

/** `netwright clean` */
export const cleanCommand: Command = {
  description:
    'Lists what runs left, then removes it: at every container engine that answers, or the one that DOCKER_HOST names, containers whose run is over and images that the next run makes again; Vagrant boxes whose run is over, and half-made ones; control groups of engines that ran in labs. It touches nothing that Netwright did not make',
  args: { list: { type: 'boolean', description: 'Only list it' } },
  examples: [
    ['netwright clean --list', 'what would go'],
    ['netwright clean', 'list it, and remove it'],
  ],
  run: async ({ args, terminal: { print, note } }) => {
    const unwell: string[] = []
    let hasSeenAll = true
    const failed = (what: string, error: unknown): readonly [] => {
      note(`${what} is not looked at: ${error instanceof Error ? error.message : String(error)}`)
      unwell.push(what)
      hasSeenAll = false
      return []
    }
    const looked = (): number => (unwell.length === 0 ? exitCodes.ok : exitCodes.unable)
    const engines = await findEngines((host, why) => {
      note(`${host} is passed over, and what an engine there keeps is not looked at: ${why}`)
      hasSeenAll = false
      if (why !== 'may not be opened') unwell.push(host)
    }).catch((error: unknown) => failed('What engines keep', error))
    if (engines.length === 0) {
      note('No container engine answers: what one that is stopped may keep is not looked at.')
      hasSeenAll = false
    } else note(`Looked at ${engines.map(({ host }) => host).join(', ')}.`)
    const runs = (await leftRuns()).map((run) => ({ kind: 'boxes', ...run }))
    const builds = (await leftBuilds()).map((build) => ({ kind: 'half-made box', ...build }))
    const groups = (await leftControlGroups()).map((name) => ({
      kind: 'control group',
      name,
      remove: () => removeControlGroup(name),
    }))
    const ofEngines = await Promise.all(
      engines.map(async ({ host, engine }) => {
        const place = engines.length > 1 ? { place: host } : {}
        const found = await findLeftovers(engine).catch((error: unknown) => failed(`What ${host} keeps`, error))
        return found.map((leftover): Leftover => ({ ...leftover, ...place }))
      }),
    )
    const leftovers: readonly Leftover[] = [...ofEngines.flat(), ...runs, ...builds, ...groups]
    if (leftovers.length === 0) {
      note(hasSeenAll ? 'Nothing is left.' : 'Nothing is left where it has looked, which is not everywhere.')
      return looked()
    }
    for (const leftover of leftovers) print(leftoverLine(leftover))
    if (isSet(args, 'list')) return looked()
    return (await removeLeftovers(leftovers, note)) === 0 ? looked() : exitCodes.unable
  },
}
