import { nearest } from '../model/names.ts'
import { NetwrightError } from '../model/errors.ts'
import type { Machine } from '../machines/machine.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { PlacedMembers } from '../machines/placement/placed-machine.ts'
import { placedText, readPlacement, type Placement } from '../machines/placement/placement.ts'

/** The machines that can be asked for; `auto` is for each scenario the lightest that can carry it. Kernels have names of their own. */
const machineNames = ['local', 'auto', 'container', 'container:IMAGE', 'vm:KERNEL', 'vagrant:BOX'] as const

const vmPrefix = 'vm:'
const vagrantPrefix = 'vagrant:'
const containerName = /^container(?::(?<image>.+))?$/

/**
 * The machine that a name on the command line stands for, by its own name.
 *
 * @param place - where the name was written, for errors
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind, NETWRIGHT_UNSUPPORTED for hosts placed on no VM,
 *   NETWRIGHT_USAGE for a host placed twice
 */
export function machineName(name: string, place = `--on ${name}`): string {
  const placement = readPlacement(name)
  if (placement !== undefined) checkPlacement(placement)
  if (name === 'local' || name === 'auto' || isPrefixed(name) || containerName.test(name)) return name
  const close = nearest(name, machineNames)
  throw new NetwrightError('NETWRIGHT_UNKNOWN_MACHINE', `there is no machine ${JSON.stringify(name)}`, {
    place,
    next: `${close === undefined ? '' : `Did you mean "${close}"? `}There are: ${machineNames.join(', ')}.`,
  })
}

const isPrefixed = (name: string) => [vmPrefix, vagrantPrefix].some((prefix) => name.startsWith(prefix))

/** A wire reaches from VM to VM, and a host is on one. */
function checkPlacement(placement: Placement): void {
  const { base, placed } = placement
  const seats = [
    { machine: base, place: `--on ${base}` },
    ...placed.map((one) => ({ machine: one.machine, place: `--place ${placedText(one)}` })),
  ]
  const prefix = base.startsWith(vagrantPrefix) ? vagrantPrefix : vmPrefix
  if (prefix === vagrantPrefix) checkBoxes(placement)
  for (const { machine, place } of seats) {
    if (machineName(machine, place).startsWith(prefix)) continue
    const what = `hosts can be placed on VMs only, or on Vagrant boxes only, and "${machine}" is none of those`
    throw new NetwrightError('NETWRIGHT_UNSUPPORTED', what, {
      place,
      next: 'Name VMs at both: `--on vm:6.1 --place node2=vm:5.10`; `netwright kernels` lists them.',
    })
  }
  const twice = placed.find((one, i) => placed.findIndex(({ host }) => host === one.host) < i)
  if (twice === undefined) return
  throw new NetwrightError('NETWRIGHT_USAGE', `host "${twice.host}" is placed twice`, {
    place: `--place ${placedText(twice)}`,
    next: 'Place each host on one machine.',
  })
}

/** The wire between boxes has two ends. */
function checkBoxes({ placed }: Placement): void {
  const [first, ...more] = placed
  const third = more.find(({ machine }) => machine !== first?.machine)
  if (third === undefined) return
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'two boxes can share a wire, and this would be a third', {
    place: `--place ${placedText(third)}`,
    next: 'Place it on one of the two; VMs (`--on vm:6.1 --place …`) can be as many as there are hosts.',
  })
}

/**
 * The machine's own name, checked as far as can be without starting it.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind, NETWRIGHT_UNKNOWN_KERNEL for no kernel of the catalogue,
 *   NETWRIGHT_UNKNOWN_BOX for no box of it
 */
export async function checkMachine(name: string): Promise<string> {
  const known = machineName(name)
  const placement = readPlacement(known)
  if (placement !== undefined) {
    for (const machine of [placement.base, ...placement.placed.map((one) => one.machine)]) await checkMachine(machine)
    return known
  }
  const [kernel = ''] = known.startsWith(vmPrefix) ? known.slice(vmPrefix.length).split('?', 1) : []
  if (known.startsWith(vagrantPrefix)) {
    const { findBox, readVagrantName } = await import('../machines/vagrant/box-catalogue.ts')
    await findBox(readVagrantName(known.slice(vagrantPrefix.length)).box)
  }
  // This machine's own kernel and files of kernels are no entries of the catalogue.
  if (kernel !== '' && kernel !== 'host' && !kernel.includes('/')) {
    const { findKernel } = await import('../machines/vm/catalogue.ts')
    await findKernel(kernel)
  }
  return known
}

/** Starts the machines that hosts are placed on: all of one kind. */
async function startMembers(names: readonly string[]): Promise<PlacedMembers> {
  const [base = '', other = ''] = names
  if (!base.startsWith(vagrantPrefix)) {
    const { vmMembers } = await import('../machines/placement/placed-machine.ts')
    return vmMembers(names.map((name) => name.slice(vmPrefix.length)))
  }
  const { vagrantPair } = await import('../machines/vagrant/vagrant-machine.ts')
  return vagrantPair([base.slice(vagrantPrefix.length), other.slice(vagrantPrefix.length)])
}

/**
 * Starts the machine that a name on the command line stands for; for `auto`, the lightest: this one. What a kind of machines
 * takes is loaded when one of them is asked for.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a name of no known kind
 */
export async function machineFor(name: string): Promise<Machine> {
  const known = machineName(name)
  const placement = readPlacement(known)
  if (placement !== undefined) {
    const { placedMachine } = await import('../machines/placement/placed-machine.ts')
    return placedMachine(placement, startMembers)
  }
  const container = containerName.exec(known)
  if (container) {
    const { containerMachine } = await import('../machines/container/container-machine.ts')
    return containerMachine(container.groups?.['image'])
  }
  if (known.startsWith(vagrantPrefix)) {
    const { vagrantMachine } = await import('../machines/vagrant/vagrant-machine.ts')
    return vagrantMachine(known.slice(vagrantPrefix.length))
  }
  if (known.startsWith(vmPrefix)) {
    const { vmMachine } = await import('../machines/vm/vm-machine.ts')
    return vmMachine(known.slice(vmPrefix.length))
  }
  return localMachine()
}
