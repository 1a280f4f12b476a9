import { connect } from 'node:net'
import type { Lab } from '../lab/lab.ts'
import type { ScenarioResult } from '../model/results.ts'
import { enterCommands } from '../machines/local/enter.ts'

/** What is told of a lab that is kept. */
export interface KeptLab {
  readonly suite: string
  readonly scenario: string
  /** Namespace to the command that opens a shell in it, from a terminal of the machine. */
  readonly enter: Readonly<Record<string, string>>
}

/**
 * Keeps a lab for as long as somebody holds the other end of a socket: no longer than the command line lives, however
 * that ends.
 *
 * @param socket - name of an abstract unix socket, without the NUL
 */
export async function keepLab(socket: string, lab: Lab, result: ScenarioResult): Promise<void> {
  const enter = await enterCommands(lab.channel.localPid, [...lab.namespaces.values()], lab.machine.facts.privilege)
  const kept: KeptLab = { suite: result.suite, scenario: result.scenario, enter }
  await new Promise<void>((resolve) => {
    const connection = connect(`\0${socket}`)
    connection.on('error', () => resolve())
    connection.on('close', () => resolve())
    connection.resume()
    connection.write(`${JSON.stringify(kept)}\n`)
  })
}
