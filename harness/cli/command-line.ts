import { stripVTControlCharacters } from 'node:util'
import { renderUsage, type ArgsDef, type CommandDef } from 'citty'
import { NetwrightError } from '../model/errors.ts'
import { nearest } from '../model/names.ts'
import { checkArguments, commonFlags, usage } from './arguments.ts'
import type { Command } from './command.ts'
import { errorText, exitCodeOf, exitCodes } from './exit-codes.ts'
import { version } from './package-place.ts'
import { terminal, type Terminal } from './terminal.ts'

/** Loaded when they are called: `--version` need not wait for vitest. */
const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
  run: {
    about: 'Run suites and say what connects, what does not, and why',
    load: async () => (await import('./run-command.ts')).runCommand,
  },
  matrix: {
    about: 'Run suites on several machines and kernels, and say what each supports',
    load: async () => (await import('./matrix-command.ts')).matrixCommand,
  },
  doctor: {
    about: 'Say what this machine can run, and how to get what is missing',
    load: async () => (await import('./doctor-command.ts')).doctorCommand,
  },
  lab: {
    about: 'Build a topology and open a shell in it',
    load: async () => (await import('./lab-command.ts')).labCommand,
  },
  report: {
    about: 'Make the report of an earlier run again, and show it',
    load: async () => (await import('./report-command.ts')).reportCommand,
  },
  kernels: {
    about: 'List the kernels that VMs can boot, and fetch them',
    load: async () => (await import('./kernels-command.ts')).kernelsCommand,
  },
  clean: {
    about: 'List what killed runs left at the container engine, and remove it',
    load: async () => (await import('./clean-command.ts')).cleanCommand,
  },
  reasons: {
    about: 'Explain the reasons that verdicts name',
    load: async () => (await import('./reasons-command.ts')).reasonsCommand,
  },
  schema: {
    about: 'Print the JSON Schema of what `run --json` writes',
    load: async () => (await import('./schema-command.ts')).schemaCommand,
  },
}

/** Runs one command of `netwright`; answers its exit code. Nothing is thrown. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const out = terminal(argv)
  try {
    return await dispatch(argv, out)
  } catch (error) {
    const text = errorText(error)
    const [first = '', ...rest] = text.split('\n')
    out.note([out.errorColours.red(first), ...rest].join('\n'))
    return exitCodeOf(error)
  }
}

async function dispatch(argv: readonly string[], out: Terminal): Promise<number> {
  const given = argv.filter((arg) => arg !== '--color' && arg !== '--no-color')
  const [name] = given
  if (name === '--version' || name === '-v' || name === 'version') {
    out.print(version)
    return exitCodes.ok
  }
  if (name === undefined) {
    out.note(await overview(out))
    return exitCodes.usage
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const [, topic] = given
    out.print(topic === undefined ? await overview(out) : await helpOf(topic, await find(topic), out))
    return exitCodes.ok
  }
  const command = await find(name)
  const rest = argv.toSpliced(argv.indexOf(name), 1)
  if (rest.includes('--help') || rest.includes('-h')) {
    out.print(await helpOf(name, command, out))
    return exitCodes.ok
  }
  const args = checkArguments(name, rest, { ...command.args, ...commonFlags })
  const words = Object.values(command.args).filter(({ type }) => type === 'positional').length
  const extra = args.positionals[command.maxWords ?? words]
  if (extra !== undefined)
    throw usage(name, `${JSON.stringify(extra)} is one word too many`, `See: netwright ${name} --help`)
  return command.run({ args, terminal: out })
}

async function find(name: string): Promise<Command> {
  const known = commands[name]
  if (known !== undefined) return known.load()
  const close = nearest(name, Object.keys(commands))
  const what = name.startsWith('-') ? 'flag' : 'command'
  throw new NetwrightError('NETWRIGHT_USAGE', `there is no ${what} ${JSON.stringify(name)}`, {
    place: 'netwright',
    next: `${close === undefined ? '' : `Did you mean "${close}"? `}Commands are: ${Object.keys(commands).join(', ')}.`,
  })
}

async function overview(out: Terminal): Promise<string> {
  const subCommands = Object.fromEntries(
    Object.entries(commands).map(([name, { about }]): [string, CommandDef] => [
      name,
      { meta: { name, description: about } },
    ]),
  )
  const meta = {
    name: 'netwright',
    version,
    description: 'Builds a network, drives it, and proves what connects, what does not, and why',
  }
  return painted(await renderUsage({ meta, subCommands }), out)
}

async function helpOf(name: string, command: Command, out: Terminal): Promise<string> {
  const meta = { name: `netwright ${name}`, description: command.description }
  const usageText = await renderUsage({ meta, args: { ...command.args, ...commonFlags } as ArgsDef })
  const width = Math.max(...command.examples.map(([line]) => line.length))
  const examples = command.examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`)
  return painted([usageText.trimEnd(), '', 'EXAMPLES', '', ...examples].join('\n'), out)
}

/** citty decides about colours for itself; what the user said counts. */
function painted(text: string, out: Terminal): string {
  return out.colours.isColorSupported ? text : stripVTControlCharacters(text)
}
