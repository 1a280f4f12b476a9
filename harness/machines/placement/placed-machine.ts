import type { Channel, Spread } from '../channel/channel.ts'
import type { Machine } from '../machine.ts'
import { vmMachine } from '../vm/vm-machine.ts'
import { joinChannels, rootAt } from './joined-channel.ts'
import { placementName, type Placement } from './placement.ts'
import { openCables, type CableRange } from './trunk-cables.ts'
import { openTrunkSwitch } from './trunk-switch.ts'

/** The machines of a placement, and how they are joined. */
export interface PlacedMembers {
  readonly machines: readonly Promise<Machine>[]
  /** Which cables are this process's, where other processes use the same machines. */
  readonly cables?: CableRange
}

/** VMs with network cards whose frames pass through this process. */
export function vmMembers(kernels: readonly string[]): PlacedMembers {
  const trunk = openTrunkSwitch()
  return { machines: kernels.map((kernel) => vmMachine(kernel, { trunk: trunk.plug })) }
}

/**
 * Several machines as one: the hosts of a lab are on the machines that they are placed on, and a wire with hosts on more
 * than one of them is one segment nevertheless.
 *
 * @param start - starts the machines of these names, each with a network card that leads to all others
 * @throws what `start` throws
 */
export async function placedMachine(
  placement: Placement,
  start: (names: readonly string[]) => PlacedMembers | Promise<PlacedMembers>,
): Promise<Machine> {
  // Hosts placed on machines of one name share it; it is not the base, even where that has the same kernel.
  const elsewhere = [...new Set(placement.placed.map(({ machine }) => machine))]
  const { machines, cables } = await start([placement.base, ...elsewhere])
  const started = await Promise.allSettled(machines)
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const [base] = members
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined || base === undefined) {
    await Promise.all(members.map((member) => member.dispose()))
    throw failed?.reason
  }
  const positionOf = (host: string): number =>
    elsewhere.indexOf(placement.placed.find((one) => one.host === host)?.machine ?? '') + 1
  const layCable = openCables(cables)

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
    ...(base.isShared === true ? { isShared: true } : {}),
    // Each is asked: one that is left out would tell its old trouble after the next lab.
    trouble: async () => {
      const told = await Promise.all(
        members.map(async ({ name, trouble }) => {
          const one = await trouble?.()
          return one === undefined ? [] : [`${name}: ${one}`]
        }),
      )
      return told.flat().length === 0 ? undefined : told.flat().join('\n')
    },
    ...(members.every(({ renew }) => renew !== undefined)
      ? {
          renew: async () => {
            await Promise.all(members.map(async ({ renew }) => renew?.()))
          },
        }
      : {}),
    remarks: members.flatMap(({ name, remarks = [] }) => remarks.map((remark) => `${name}: ${remark}`)),
    dispose: async () => {
      await Promise.all(members.map((member) => member.dispose()))
    },
  }
}
