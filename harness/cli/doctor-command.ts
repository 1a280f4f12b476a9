import { isSet, valueOf, type Command } from './command.ts'
import { diagnose } from './doctor.ts'
import { diagnosisText } from './doctor-text.ts'
import { exitCodes } from './exit-codes.ts'

/** `netwright doctor` */
export const doctorCommand: Command = {
  description: 'Says what this machine can run, what is missing, and the exact command that gets it',
  args: {
    json: { type: 'boolean', description: 'Print it as JSON' },
    on: {
      type: 'string',
      valueHint: 'MACHINE',
      description: 'Machine to look at: local (unless told), container, vm:KERNEL, vagrant:BOX, auto',
    },
  },
  examples: [
    ['netwright doctor', 'before the first run'],
    ['netwright doctor --on vm:6.1', 'what a VM with that kernel can do, and how it runs'],
    ['netwright doctor --json | jq .able', 'in a pipeline; the exit code says the same'],
  ],
  run: async ({ args, terminal }) => {
    const found = await diagnose(valueOf(args, 'on') ?? 'local', process.cwd())
    terminal.print(isSet(args, 'json') ? JSON.stringify(found, null, 2) : diagnosisText(found, terminal))
    return found.able ? exitCodes.ok : exitCodes.unable
  },
}
