import { NetwrightError } from '../../model/errors.ts'
import type { Ability } from '../machine.ts'
import { findAccelerator } from './accelerator.ts'
import { memoryForImage, type BootImage } from './boot-image.ts'
import { openCardGuests, type CardGuests } from './card-guests.ts'
import { findCardQemu } from './find-qemu.ts'
import type { StoredKernel } from './kernel-store.ts'
import { missingModules } from './kernel-support.ts'
import type { GuestOptions, Qemu } from './qemu.ts'
import { needMemory } from './room.ts'
import { cloneGuest, guestTemplate } from './template.ts'

/** Drivers of the card and of its virtual functions; Debian's cloud kernels have neither. */
const drivers = ['igb', 'igbvf'] as const

/** The guests of a VM that get an SR-IOV card, where they can be had. */
export interface Cards {
  readonly can: () => Promise<Ability>
  /**
   * @throws NETWRIGHT_UNSUPPORTED with the reason why there are none
   */
  readonly guests: () => Promise<CardGuests>
  readonly trouble: () => Promise<string | undefined>
  readonly dispose: () => Promise<void>
}

export interface CardsOptions extends Pick<GuestOptions, 'parameters'> {
  readonly kernel: StoredKernel
  readonly image: BootImage
  /** Whether the VM shares wires with others. */
  readonly trunk: boolean
  readonly silentMs: number
}

type Found = { readonly guests: CardGuests; readonly how: string } | { readonly reason: string }

/** Finds out whether a VM's kernel can have guests with a card. None is booted before one is asked for. */
export function findCards({ kernel, image, trunk, parameters, silentMs }: CardsOptions): Cards {
  let found: Promise<Found> | undefined
  const find = () => (found ??= look())
  async function look(): Promise<Found> {
    if (trunk) return { reason: 'VMs that share wires carry no SR-IOV card' }
    const missing = await missingModules(kernel, drivers)
    if (missing.length > 0) {
      const reason = `kernel ${kernel.release} has no ${missing.join(' and ')}, the SR-IOV card’s drivers: take a full one, such as vm:6.12-full`
      return { reason }
    }
    const chosen = await findCardQemu()
    if ('reason' in chosen) return chosen
    const { qemu } = chosen
    const memoryMiB = await memoryForImage(image)
    const { kind } = await findAccelerator(qemu, image, memoryMiB)
    const options: GuestOptions = { image, memoryMiB, accelerator: kind, card: true, ...(parameters && { parameters }) }
    const how = `igb, an Intel 82576, of QEMU ${qemu.version} (${qemu.program})`
    return { guests: openCardGuests(() => bootWithCard(qemu, options), silentMs), how }
  }
  const opened = async (): Promise<CardGuests | undefined> => {
    const state = await found?.catch(() => undefined)
    return state !== undefined && 'guests' in state ? state.guests : undefined
  }
  return {
    can: async () => {
      const state = await find()
      if ('reason' in state) return { able: false, reason: state.reason }
      const ability = await state.guests.can()
      return ability.able ? { able: true, how: state.how } : ability
    },
    guests: async () => {
      const state = await find()
      if ('guests' in state) return state.guests
      throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `A lab needs an SR-IOV card: ${state.reason}`)
    },
    trouble: async () => (await opened())?.trouble(),
    dispose: async () => (await opened())?.dispose(),
  }
}

async function bootWithCard(qemu: Qemu, options: GuestOptions) {
  await needMemory((options.memoryMiB / 2) * 2 ** 20)
  return cloneGuest(qemu, options, await guestTemplate(qemu, options))
}
