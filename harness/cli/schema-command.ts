import { resultsJsonSchema } from '../report/json.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `netwright schema` */
export const schemaCommand: Command = {
  description: 'Prints the JSON Schema of what `netwright run --json` writes',
  args: {},
  examples: [['netwright schema > netwright-results.schema.json', 'for editors and validators']],
  run: ({ terminal: { print } }) => {
    print(resultsJsonSchema().trimEnd())
    return Promise.resolve(exitCodes.ok)
  },
}
