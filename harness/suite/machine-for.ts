import { NetwrightError } from '../model/errors.ts'
import type { Machine } from '../machines/machine.ts'
import { localMachine } from '../machines/local/local-machine.ts'

/**
 * Starts the machine that a name on the command line stands for.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind
 */
export async function machineFor(name: string): Promise<Machine> {
  if (name === 'local') return localMachine()
  throw new NetwrightError('NETWRIGHT_UNKNOWN_MACHINE', `"${name}" is not a machine`, {
    next: 'Machines are: local.',
  })
}
