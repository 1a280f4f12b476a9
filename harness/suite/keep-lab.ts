import { connect } from 'node:net'
import type { Lab } from '../lab/lab.ts'
import type { ScenarioResult } from '../model/results.ts'
import { enterCommands } from '../machines/local/enter.ts'
import { openDoor } from './kept-lab-door.ts'

/** What is told of a lab that is kept. */
export interface KeptLab {
  readonly suite: string
  readonly scenario: string
  /** Namespace to the command that opens a shell in it, from a terminal of this machine. */
  readonly enter: Readonly<Record<string, string>>
}

/**
 * Keeps a lab for as long as somebody holds the other end of a socket: no longer than the command line lives, however
 * that ends.
 *
 * @param socket - name of an abstract unix socket, without the NUL, and the password there
 */
export async function keepLab(socket: string, lab: Lab, result: ScenarioResult): Promise<void> {
  const { enter, close } = await wayIn(lab)
  const kept: KeptLab = { suite: result.suite, scenario: result.scenario, enter }
  const [name = '', password = ''] = socket.split(' ')
  await new Promise<void>((resolve) => {
    const connection = connect(`\0${name}`)
    connection.on('error', () => resolve())
    connection.on('close', () => resolve())
    connection.resume()
    connection.write(`${password}\n${JSON.stringify(kept)}\n`)
  })
  await close()
}

/** A lab on this machine is entered by nsenter(1); one elsewhere through this process, which has the channel to it. */
async function wayIn(lab: Lab): Promise<Pick<KeptLab, 'enter'> & { readonly close: () => Promise<void> }> {
  const { channel, machine, namespaces } = lab
  const localPid = await channel.localPid?.()
  if (localPid !== undefined) {
    const enter = await enterCommands(localPid, [...namespaces.values()], machine.facts.privilege)
    return { enter, close: () => Promise.resolve() }
  }
  const { name, close } = await openDoor(lab)
  // The part of a wire that lies on another machine has a space in its name.
  const quoted = (word: string) => (word.includes(' ') ? `'${word}'` : word)
  const command = (place: string) => `netwright lab --enter ${quoted(`${name}:${place}`)}`
  return { enter: Object.fromEntries([...namespaces.keys()].map((place) => [place, command(place)])), close }
}
