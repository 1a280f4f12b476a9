import type { BootImage } from './boot-image.ts'
import { tool } from './tool.ts'

/** A QEMU that runs on this machine. */
export interface Qemu {
  readonly program: string
  /** As `qemu --version` says it, such as `7.2.22`. */
  readonly version: string
}

/**
 * A QEMU by its program.
 *
 * @throws NETWRIGHT_TOOL_MISSING with the loader's words when it does not run
 */
export async function qemuAt(program: string): Promise<Qemu> {
  const said = (await tool([program, '--version'])).toString()
  return { program, version: /version (\S+)/.exec(said)?.[1] ?? 'unknown' }
}

/** How a guest's processor runs: by the host's own, or emulated. */
export type Accelerator = 'kvm' | 'tcg'

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
/** And those by which it knows an SR-IOV card, and the switch port that the card's cable is plugged into. */
export const cardMacs = { card: '02:4e:57:00:00:02', port: '02:4e:57:00:00:03' } as const

export interface GuestOptions {
  readonly image: BootImage
  readonly accelerator: Accelerator
  readonly memoryMiB: number
  /** Added to the kernel's command line. */
  readonly parameters?: readonly string[]
  /** Whether it has a network card whose frames pass through the harness, for cables to other guests. */
  readonly trunk?: boolean
  /** Whether it has a network card with SR-IOV virtual functions, and a port at the other end of the card's cable. */
  readonly card?: boolean
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
  card = false,
}: GuestOptions): readonly string[] {
  const kernelLine = [
    'console=ttyS0 loglevel=5 panic=-1 oops=panic',
    'norandmaps nokaslr mitigations=off random.trust_cpu=on no_timer_check audit=0 apparmor=0 selinux=0',
    // Taking a namespace down waits for RCU several times.
    'i8042.noaux i8042.nokbd i8042.nopnp tsc=nowatchdog rcupdate.rcu_expedited=1',
    ...parameters,
  ].join(' ')
  return [
    ...[
      '-M',
      `${card ? 'q35,sata=off,smbus=off' : 'pc'},usb=off,vmport=off`,
      '-accel',
      accelerator === 'tcg' ? 'tcg,tb-size=128' : 'kvm',
    ],
    ...['-cpu', accelerator === 'tcg' ? emulatedProcessor : 'host', '-smp', '1', '-m', String(memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-kernel', image.vmlinux, '-initrd', image.initrd, '-append', kernelLine],
    ...['-chardev', `socket,id=console,fd=${guestDescriptors.console}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,fd=${guestDescriptors.agent}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=netwright'],
    ...['-chardev', `socket,id=monitor,fd=${guestDescriptors.monitor}`, '-mon', 'chardev=monitor,mode=control'],
    ...(trunk ? trunkArguments : []),
    ...(card ? cardArguments : []),
  ]
}

/** Frames with their length before them, on a socket that QEMU inherits. No boot ROM: it is in a package of its own. */
const trunkArguments: readonly string[] = [
  ...['-netdev', `socket,id=trunk,fd=${guestDescriptors.trunk}`],
  ...['-device', `virtio-net-pci,netdev=trunk,mac=${trunkMac},romfile=`],
]

/** An Intel 82576 on PCI Express, which virtual functions need, and a hub whose only other socket is the port's. */
const cardArguments: readonly string[] = [
  ...['-device', 'pcie-root-port,id=slot1,chassis=1,slot=1'],
  ...['-netdev', 'hubport,id=card,hubid=0', '-netdev', 'hubport,id=port,hubid=0'],
  ...['-device', `igb,bus=slot1,netdev=card,mac=${cardMacs.card},romfile=`],
  ...['-device', `virtio-net-pci,netdev=port,mac=${cardMacs.port},romfile=`],
]
