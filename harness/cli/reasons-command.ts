import { unknownName } from '../model/names.ts'
import { reasonNames, type Reason } from '../model/verdict.ts'
import { hanging } from '../report/display-width.ts'
import { reasons } from '../verdict/reasons.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `netwright reasons [NAME]` */
export const reasonsCommand: Command = {
  description: 'Explains the reasons that verdicts name: what each means, what proves it, what cures it',
  args: { name: { type: 'positional', required: false, description: 'One reason; all of them unless told' } },
  examples: [
    ['netwright reasons', 'the whole catalogue'],
    ['netwright reasons no-return-route', 'one of them'],
  ],
  run: ({ args, terminal: { print, colours, width } }) => {
    const isReason = (name: string): name is Reason => (reasonNames as readonly string[]).includes(name)
    const names = args.positionals.map((name) => {
      if (!isReason(name)) throw unknownName('NETWRIGHT_USAGE', 'reason', name, reasonNames, 'netwright reasons')
      return name
    })
    const texts = (names.length === 0 ? reasonNames : names).map((name) => {
      const { means, proof, cure } = reasons[name]
      const lines = [
        ['means', means],
        ['proof', proof],
        ['cure', cure],
      ] as const
      return [
        colours.bold(name),
        ...lines.flatMap(([word, text]) => hanging(`  ${word.padEnd(5)}  `, text, width)),
      ].join('\n')
    })
    print(texts.join('\n\n'))
    return Promise.resolve(exitCodes.ok)
  },
}
