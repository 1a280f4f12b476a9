import { resultsJsonSchema } from '../report/json.ts'
import { supportJsonSchema } from '../report/support-schema.ts'
import { isSet, type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `netwright schema` */
export const schemaCommand: Command = {
  description: 'Prints the JSON Schema of what `netwright run --json` writes',
  args: {
    support: { type: 'boolean', description: 'That of `netwright matrix --json` instead' },
  },
  examples: [
    ['netwright schema > netwright-results.schema.json', 'for editors and validators'],
    ['netwright schema --support', 'the support table'],
  ],
  run: ({ args, terminal: { print } }) => {
    print((isSet(args, 'support') ? supportJsonSchema() : resultsJsonSchema()).trimEnd())
    return Promise.resolve(exitCodes.ok)
  },
}
