import { nearest } from '../model/names.ts'
import { NetwrightError } from '../model/errors.ts'
import type { Machine } from '../machines/machine.ts'
import { containerMachine } from '../machines/container/container-machine.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import { findKernel } from '../machines/vm/catalogue.ts'
import { vmMachine } from '../machines/vm/vm-machine.ts'

/** The machines that can be asked for; `auto` is for each scenario the lightest that can carry it. Kernels have names of their own. */
const machineNames = ['local', 'auto', 'container', 'container:IMAGE', 'vm:KERNEL'] as const

const vmPrefix = 'vm:'
const containerName = /^container(?::(?<image>.+))?$/

/**
 * The machine that a name on the command line stands for, by its own name.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind
 */
export function machineName(name: string): string {
  if (name === 'local' || name === 'auto' || name.startsWith(vmPrefix) || containerName.test(name)) return name
  const close = nearest(name, machineNames)
  throw new NetwrightError('NETWRIGHT_UNKNOWN_MACHINE', `there is no machine ${JSON.stringify(name)}`, {
    place: `--on ${name}`,
    next: `${close === undefined ? '' : `Did you mean "${close}"? `}There are: ${machineNames.join(', ')}.`,
  })
}

/**
 * The machine's own name, checked as far as can be without starting it.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind, NETWRIGHT_UNKNOWN_KERNEL for no kernel of the catalogue
 */
export async function checkMachine(name: string): Promise<string> {
  const known = machineName(name)
  const [kernel = ''] = known.startsWith(vmPrefix) ? known.slice(vmPrefix.length).split('?', 1) : []
  // This machine's own kernel and files of kernels are no entries of the catalogue.
  if (kernel !== '' && kernel !== 'host' && !kernel.includes('/')) await findKernel(kernel)
  return known
}

/**
 * Starts the machine that a name on the command line stands for; for `auto`, the lightest: this one.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind
 */
export async function machineFor(name: string): Promise<Machine> {
  const known = machineName(name)
  const container = containerName.exec(known)
  if (container) return containerMachine(container.groups?.['image'])
  return known.startsWith(vmPrefix) ? vmMachine(known.slice(vmPrefix.length)) : localMachine()
}
