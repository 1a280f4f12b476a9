import { findEngine } from '../machines/container/find-engine.ts'
import { findLeftovers, type Leftover } from '../machines/container/leftovers.ts'
import { NetwrightError } from '../model/errors.ts'
import { isSet, type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `netwright clean` */
export const cleanCommand: Command = {
  description:
    'Lists what runs left at the container engine, then removes it: containers whose run is over, and images that the next run makes again. It touches nothing that Netwright did not make',
  args: { list: { type: 'boolean', description: 'Only list it' } },
  examples: [
    ['netwright clean --list', 'what would go'],
    ['netwright clean', 'list it, and remove it'],
  ],
  run: async ({ args, terminal: { print, note } }) => {
    const engine = await findEngine().catch((error: unknown) => {
      if (!(error instanceof NetwrightError) || process.env['DOCKER_HOST']) throw error
      return undefined
    })
    if (engine === undefined) {
      note('No container engine answers: nothing can be left there.')
      return exitCodes.ok
    }
    const leftovers = await findLeftovers(engine)
    if (leftovers.length === 0) {
      note('Nothing is left.')
      return exitCodes.ok
    }
    for (const leftover of leftovers) print(line(leftover))
    if (isSet(args, 'list')) return exitCodes.ok
    let removed = 0
    for (const leftover of leftovers) {
      if (await leftover.remove()) removed++
      else note(`${leftover.kind} ${leftover.name} is in use by now, and stays.`)
    }
    note(`${removed} of ${leftovers.length} removed`)
    return exitCodes.ok
  },
}

function line({ kind, name, bytes }: Leftover): string {
  return `${kind.padEnd(9)}  ${name}${bytes === undefined ? '' : `  ${(bytes / 1e6).toFixed(0)} MB`}`
}
