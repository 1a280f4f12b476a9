import { agentCommand } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openNestedAgent } from '../channel/nested-agent.ts'
import { cardDevices, type Ability } from '../machine.ts'
import type { Guest } from './guest.ts'
import { guestTrouble, keepLooking } from './guest-slot.ts'

/** Guests with an SR-IOV card, one for each lab: what a lab does to the card ends with it. */
export interface CardGuests {
  /** Whether the guest's kernel offers virtual functions of the card. */
  readonly can: () => Promise<Ability>
  readonly openSandbox: () => Promise<Channel>
  /** What the kernels of the labs since it was last asked said was wrong with themselves. */
  readonly trouble: () => Promise<string | undefined>
  readonly dispose: () => Promise<void>
}

/** The guest's own network namespace is the sandbox's: a virtual function's device is made there, wherever its card is. */
const sandboxFlags = ['--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/**
 * @param boot - starts a guest with a card
 * @param silentMs - milliseconds until a guest that does not answer is ended
 */
export function openCardGuests(boot: () => Promise<Guest>, silentMs: number): CardGuests {
  const untold = new Set<Guest>()
  const running = new Set<Guest>()
  const start = async (): Promise<Guest> => {
    const guest = await boot()
    keepLooking(guest, silentMs)
    running.add(guest)
    void guest.ended.then(() => running.delete(guest))
    return guest
  }
  let ability: Promise<Ability> | undefined
  return {
    can: () =>
      (ability ??= start().then(async (guest) => {
        const script = `ip link show dev ${cardDevices.card} >&2 && cat /sys/bus/pci/devices/*/sriov_totalvfs`
        const { stdout, stderr } = await guest.channel.run(['sh', '-c', script])
        guest.end('its card has been looked at')
        if (stdout.toString().split('\n').some(Number)) return { able: true }
        return { able: false, reason: `the guest’s card did not come up: ${stderr.toString().trim()}` }
      })),
    openSandbox: async () => {
      const guest = await start()
      untold.add(guest)
      const argv = ['unshare', ...sandboxFlags, ...agentCommand('/netwright/agent.pl', 'x86_64')]
      const channel = await openNestedAgent(guest.channel, argv)
      void channel.closed.then(() => guest.channel.close())
      return channel
    },
    trouble: async () => {
      for (const guest of untold) {
        const found = await guestTrouble(guest)
        if (!running.has(guest)) untold.delete(guest)
        if (found !== undefined) return found
      }
      return undefined
    },
    dispose: async () => {
      await Promise.all([...running].map((guest) => guest.channel.close()))
    },
  }
}
