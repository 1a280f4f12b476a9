import { openTerminal } from '../machines/channel/terminal.ts'
import { enterDoor } from '../suite/kept-lab-door.ts'
import { usage } from './arguments.ts'
import { isSet, valueOf, type CommandCall } from './command.ts'
import { promptOf, shellArguments, terminalSize, useStreams, useTerminal } from './lab-shell.ts'

/**
 * `netwright lab --enter LAB:PLACE`: a shell or a command in a lab that a run keeps.
 *
 * @param text - the lab and the place, as the run tells them
 * @throws NETWRIGHT_USAGE for what names no kept lab, and beside flags that say how a lab is built
 */
export async function enterLab(text: string, { args, terminal }: CommandCall): Promise<number> {
  const [, door = '', place = ''] = /^(\d+-\w+):(.+)$/.exec(text) ?? []
  if (door === '')
    throw usage('lab', `--enter ${text} names no kept lab`, '`netwright run --keep` prints what enters it.')
  const flags = ['host', 'ns', 'on', 'print'].filter((flag) => isSet(args, flag)).map((flag) => `--${flag}`)
  const others = [...(args.positionals.length > 0 ? ['a topology'] : []), ...flags]
  if (others.length > 0) {
    const named = new Intl.ListFormat('en-GB').format(others)
    const what = `--enter enters a lab that there is, and ${named} would be of another`
    throw usage('lab', what, 'Only --exec goes with --enter; the place stands behind the colon.')
  }
  const command = valueOf(args, 'exec')
  if (command === undefined) needTerminal('Give a command with --exec.')
  const { channel, environment } = await enterDoor(door, place)
  try {
    if (command !== undefined)
      return await useStreams(await channel.spawn(['bash', '-c', command], { env: environment }))
    terminal.note(terminal.errorColours.dim(`A shell on ${place} of a kept lab (exit, or Ctrl-D).`))
    const env = { ...environment, ...promptOf(place), TERM: process.env['TERM'] ?? 'linux' }
    return await useTerminal(await openTerminal(channel, shellArguments, { env, ...terminalSize() }))
  } finally {
    await channel.close()
  }
}

/**
 * Checks that a shell can be opened.
 *
 * @param next - what can be done where it cannot
 * @throws NETWRIGHT_USAGE where standard input or output is no terminal
 */
export function needTerminal(next: string): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return
  throw usage('lab', 'a shell needs a terminal', next)
}
