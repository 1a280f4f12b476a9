import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import type { BootImage } from './boot-image.ts'
import { tool, toolPath } from './tool.ts'

/** The QEMU of this machine. */
export interface Qemu {
  readonly program: string
  /** As `qemu --version` says it, such as `7.2.22`. */
  readonly version: string
}

/** How a guest's processor runs: by the host's own, or emulated. */
export type Accelerator = 'kvm' | 'tcg'

/**
 * Finds QEMU.
 *
 * @throws NETWRIGHT_TOOL_MISSING with the command that installs it
 */
export async function findQemu(): Promise<Qemu> {
  for (const folder of toolPath().split(':')) {
    const program = join(folder, 'qemu-system-x86_64')
    const there = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!there) continue
    const said = (await tool([program, '--version'])).toString()
    return { program, version: /version (\S+)/.exec(said)?.[1] ?? 'unknown' }
  }
  throw new NetwrightError('NETWRIGHT_TOOL_MISSING', 'A VM needs QEMU, and this machine has no qemu-system-x86_64', {
    next: 'apt-get install -y --no-install-recommends qemu-system-x86',
  })
}

/**
 * Without CMPXCHG16B: QEMU 7.2 gives wrong flags when it emulates it, and kernels from 6.5 on, whose allocator uses it,
 * die of a double fault in __kmalloc. Without AVX, which is slower emulated than what it replaces. With RDRAND the guest
 * need not gather randomness.
 */
const emulatedProcessor = 'qemu64,-cx16,+rdrand'

/** File descriptors that QEMU inherits, each one end of a socket pair: nothing is left in any folder. */
const guestDescriptors = { agent: 3, console: 4, monitor: 5, trunk: 6 } as const

/** MAC address by which a guest knows the network card that leads to other guests: nothing on a wire ever shows it. */
export const trunkMac = '02:4e:57:00:00:01'

export interface GuestOptions {
  readonly image: BootImage
  readonly accelerator: Accelerator
  readonly memoryMiB: number
  /** Added to the kernel's command line. */
  readonly parameters?: readonly string[]
  /** Whether it has a network card whose frames pass through the harness, for cables to other guests. */
  readonly trunk?: boolean
}

/**
 * Arguments of a throwaway guest. Never `-M microvm`: under emulation it hangs before any output in a third of boots.
 * `norandmaps` and `mitigations=off` because both cost an emulated processor dearly and a guest holds nothing secret.
 */
export function guestArguments({
  image,
  accelerator,
  memoryMiB,
  parameters = [],
  trunk = false,
}: GuestOptions): readonly string[] {
  const kernelLine = [
    'console=ttyS0 loglevel=5 panic=-1 oops=panic',
    'norandmaps nokaslr mitigations=off random.trust_cpu=on no_timer_check audit=0 apparmor=0 selinux=0',
    // Taking a namespace down waits for RCU several times.
    'i8042.noaux i8042.nokbd i8042.nopnp tsc=nowatchdog rcupdate.rcu_expedited=1',
    ...parameters,
  ].join(' ')
  return [
    ...['-M', `pc,usb=off,vmport=off`, '-accel', accelerator === 'tcg' ? 'tcg,tb-size=128' : 'kvm'],
    ...['-cpu', accelerator === 'tcg' ? emulatedProcessor : 'host', '-smp', '1', '-m', String(memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-kernel', image.vmlinux, '-initrd', image.initrd, '-append', kernelLine],
    ...['-chardev', `socket,id=console,fd=${guestDescriptors.console}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,fd=${guestDescriptors.agent}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=netwright'],
    ...['-chardev', `socket,id=monitor,fd=${guestDescriptors.monitor}`, '-mon', 'chardev=monitor,mode=control'],
    ...(trunk ? trunkArguments : []),
  ]
}

/** Frames with their length before them, on a socket that QEMU inherits. No boot ROM: it is in a package of its own. */
const trunkArguments: readonly string[] = [
  ...['-netdev', `socket,id=trunk,fd=${guestDescriptors.trunk}`],
  ...['-device', `virtio-net-pci,netdev=trunk,mac=${trunkMac},romfile=`],
]
