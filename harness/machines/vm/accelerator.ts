import { access, constants, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BootImage } from './boot-image.ts'
import { cacheFolder, contentName } from './cache-folder.ts'
import { startGuest } from './guest.ts'
import { guestArguments, type Accelerator, type Qemu } from './qemu.ts'

/** Variable that decides instead of a probe: `kvm` or `tcg`. */
const choiceVariable = 'NETWRIGHT_ACCEL'
/** Milliseconds a guest gets to boot on KVM, where it takes less than one second. */
const probeMs = 15_000

export interface FoundAccelerator {
  readonly kind: Accelerator
  readonly why: string
}

/**
 * How guests run on this machine. That /dev/kvm can be opened proves nothing (inside other VMs it may hang, or make QEMU
 * abort), so a guest is booted with it, once after each boot of the machine.
 *
 * @param image - what is booted, or a function that brings it when it is needed
 */
export async function findAccelerator(
  qemu: Qemu,
  image: BootImage | (() => Promise<BootImage>),
  memoryMiB: number,
): Promise<FoundAccelerator> {
  const chosen = process.env[choiceVariable]
  if (chosen === 'kvm' || chosen === 'tcg') return { kind: chosen, why: `${choiceVariable} says so` }
  const problem = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  if (problem !== undefined) return { kind: 'tcg', why: `KVM cannot be used: ${problem}` }
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const memory = join(await cacheFolder('accelerator'), contentName(qemu.version, bootId))
  const known = await readFile(memory, 'utf8').catch(() => '')
  if (known === 'kvm' || known === 'tcg') return { kind: known, why: whyOf[known] }
  const found = (await bootsWithKvm(qemu, typeof image === 'function' ? await image() : image, memoryMiB))
    ? 'kvm'
    : 'tcg'
  await writeFile(memory, found)
  return { kind: found, why: whyOf[found] }
}

const whyOf: Readonly<Record<Accelerator, string>> = {
  kvm: 'a guest has booted with it since this machine was started',
  tcg: '/dev/kvm is there, but a guest did not boot with it',
}

async function bootsWithKvm(qemu: Qemu, image: BootImage, memoryMiB: number): Promise<boolean> {
  try {
    const guest = await startGuest(qemu, guestArguments({ image, accelerator: 'kvm', memoryMiB }), { limitMs: probeMs })
    const late = setTimeout(() => {
      guest.end('it hangs on KVM')
    }, probeMs)
    const { code } = await guest.channel.run(['true'])
    clearTimeout(late)
    guest.end('the probe is over')
    await guest.ended
    return code === 0
  } catch {
    return false
  }
}
