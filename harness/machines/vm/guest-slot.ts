import { setImmediate as nextTurn } from 'node:timers/promises'
import { openAbilities } from '../ability.ts'
import { agentCommand } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openNestedAgent } from '../channel/nested-agent.ts'
import type { Ability, Feature } from '../machine.ts'
import { consoleText, troubleText, type Guest } from './guest.ts'

const sandboxFlags = ['--net', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** The place of a guest: one that dies is replaced for the next sandbox. */
export interface GuestSlot {
  /** The guest that is there, be it dead. */
  readonly guest: () => Guest
  readonly openSandbox: () => Promise<Channel>
  readonly can: (feature: Feature) => Promise<Ability>
  /** What the guest's kernel said was wrong with itself. */
  readonly trouble: () => Promise<string | undefined>
}

export interface SlotOptions {
  readonly boot: () => Promise<Guest>
  /** Milliseconds until a guest that does not answer is ended. */
  readonly silentMs: number
  readonly environment: Readonly<Record<string, string>>
}

/** Boots the first guest of a slot. */
export async function openSlot({ boot, silentMs, environment }: SlotOptions): Promise<GuestSlot> {
  const start = async (): Promise<Guest> => {
    const started = await boot()
    keepLooking(started, silentMs)
    return started
  }
  let alive = true
  let guest = await start()
  let pending: Promise<Guest> | undefined
  const watch = (started: Guest): void => {
    void started.ended.then(() => {
      if (started === guest) alive = false
    })
  }
  watch(guest)
  const running = async (): Promise<Guest> => {
    if (alive) return guest
    pending ??= start()
      .then((fresh) => {
        guest = fresh
        alive = true
        // What they tried in went with the old guest.
        abilities = openAbilities(openSandbox, environment)
        watch(fresh)
        return fresh
      })
      .finally(() => (pending = undefined))
    return pending
  }
  const openSandbox = async (): Promise<Channel> => {
    const { channel } = await running()
    return openNestedAgent(channel, ['unshare', ...sandboxFlags, ...agentCommand('/netwright/agent.pl', 'x86_64')])
  }
  let abilities = openAbilities(openSandbox, environment)
  return {
    guest: () => guest,
    openSandbox,
    can: (feature) => abilities.can(feature),
    trouble: () => guestTrouble(guest),
  }
}

/** What a guest's kernel said was wrong with itself, with the end of its console. */
export async function guestTrouble({ channel, console }: Guest): Promise<string | undefined> {
  // What was written before the answer left the guest has arrived with it.
  await channel.ping().catch(() => undefined)
  await nextTurn()
  const found = console.firstTrouble()
  return found && `${troubleText(found)}\n${consoleText(console)}`
}

/** Ends a guest that no longer answers: every wait for it then ends with its console's tail. */
export function keepLooking(guest: Guest, silentMs: number): void {
  let answered = Date.now()
  let asked = false
  const timer = setInterval(() => {
    if (asked && Date.now() - answered > silentMs) guest.end(`the guest has not answered for ${silentMs / 1000} s`)
    if (asked) return
    asked = true
    guest.channel.ping().then(
      () => {
        asked = false
        answered = Date.now()
      },
      () => undefined,
    )
  }, silentMs / 6)
  timer.unref()
  void guest.ended.then(() => {
    clearInterval(timer)
  })
}
