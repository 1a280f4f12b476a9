import type { Channel, Spread } from '../channel/channel.ts'
import type { Machine } from '../machine.ts'
import { vmMachine } from '../vm/vm-machine.ts'
import { joinChannels, rootAt } from './joined-channel.ts'
import { placementName, type Placement } from './placement.ts'
import { openCables } from './trunk-cables.ts'
import { openTrunkSwitch } from './trunk-switch.ts'

/**
 * Several VMs as one machine: the hosts of a lab are on the machines that they are placed on, and a wire with hosts on more
 * than one of them is one segment nevertheless.
 *
 * @param kernelOf - the kernel that a machine's name stands for
 * @throws what {@link vmMachine} throws
 */
export async function placedMachine(placement: Placement, kernelOf: (machine: string) => string): Promise<Machine> {
  const trunk = openTrunkSwitch()
  // Hosts placed on machines of one name share it; it is not the base, even where that has the same kernel.
  const elsewhere = [...new Set(placement.placed.map(({ machine }) => machine))]
  const started = await Promise.allSettled(
    [placement.base, ...elsewhere].map((name) => vmMachine(kernelOf(name), { trunk: trunk.plug })),
  )
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const [base] = members
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined || base === undefined) {
    await Promise.all(members.map((member) => member.dispose()))
    throw failed?.reason
  }
  const positionOf = (host: string): number =>
    elsewhere.indexOf(placement.placed.find((one) => one.host === host)?.machine ?? '') + 1
  const layCable = openCables()

  async function openSandbox(hosts?: readonly string[]): Promise<Channel> {
    const isUsed = (position: number): boolean =>
      position === 0 || hosts === undefined || hosts.some((host) => positionOf(host) === position)
    const used = members.flatMap((machine, position) => (isUsed(position) ? [{ machine, root: rootAt(position) }] : []))
    const opened = await Promise.allSettled(
      used.map(async ({ machine, root }) => ({ machine, root, channel: await machine.openSandbox() })),
    )
    const parts = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = opened.find((one) => one.status === 'rejected')
    if (refused !== undefined) {
      await Promise.all(parts.map(({ channel }) => channel.close()))
      throw refused.reason
    }
    const [only, another] = parts
    if (only !== undefined && another === undefined) return only.channel
    const partAt = (root: string) => {
      const part = parts.find((one) => one.root === root)
      if (part === undefined) throw new Error(`no machine at ${root}`)
      return part
    }
    const spread: Spread = {
      machines: parts.map(({ root, machine }) => ({ root, name: machine.name })),
      rootOf: (host) => rootAt(positionOf(host)),
      cable: (holders) =>
        layCable(
          holders.map(({ root, pid }) => {
            const { machine, channel } = partAt(root)
            return { machine, sandbox: channel, pid }
          }),
        ),
    }
    return joinChannels(parts, spread)
  }

  const kernels = placement.placed.map(({ host, machine }) => {
    const kernel = members[elsewhere.indexOf(machine) + 1]?.facts.kernel ?? ''
    return `${host} on ${kernel}`
  })
  return {
    name: placementName(placement),
    facts: { ...base.facts, kernel: [base.facts.kernel, ...kernels].join(', ') },
    environment: base.environment,
    get channel() {
      return base.channel
    },
    openSandbox,
    can: async (feature) => {
      for (const member of members) {
        const ability = await member.can(feature)
        if (!ability.able) return { able: false, reason: `${member.name}: ${ability.reason}` }
      }
      return { able: true }
    },
    dispose: async () => {
      await Promise.all(members.map((member) => member.dispose()))
    },
  }
}
