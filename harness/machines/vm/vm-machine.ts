import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import { needsDocker } from '../ability.ts'
import { localArch } from '../channel/agent-process.ts'
import { disposed } from '../disposed.ts'
import { dockerRemedy } from '../docker-programs.ts'
import type { Machine } from '../machine.ts'
import { findAccelerator } from './accelerator.ts'
import { bootImage, memoryForImage } from './boot-image.ts'
import { findCards } from './cards.ts'
import { findKernel } from './catalogue.ts'
import { engineFiles } from './engine-entries.ts'
import { findQemu } from './find-qemu.ts'
import { openSlot, type GuestSlot } from './guest-slot.ts'
import { provideKernel, type StoredKernel } from './kernel-store.ts'
import { hostKernelFiles, kernelFilesAt, storeOwnKernel } from './own-kernel.ts'
import type { GuestOptions } from './qemu.ts'
import { needMemory } from './room.ts'
import { cloneGuest, guestTemplate } from './template.ts'
import { readVmName, type KernelChoice } from './vm-name.ts'

/** With Docker Engine: its programs lie in memory, and run there. */
const engineMemoryMiB = 1024
/** Milliseconds until a guest that does not answer is given up. */
const patienceMs = 30_000

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}

export interface VmOptions {
  /** Gives the VM a network card for cables to other VMs, and gets its stream; again for each VM that replaces a dead one. */
  readonly trunk?: (stream: Duplex) => void
  /** Milliseconds until a guest that does not answer is given up; default 30 000. */
  readonly silentMs?: number
}

/**
 * A throwaway VM with any kernel and this machine's userland. A guest that dies is replaced for the next sandbox.
 *
 * @param name - a name of fixtures/kernels/catalogue.json, `host`, or the path of a kernel; with parameters as
 *   {@link readVmName} says
 * @throws NETWRIGHT_UNKNOWN_KERNEL, NETWRIGHT_BAD_KERNEL, NETWRIGHT_KERNEL_NOT_FETCHED, NETWRIGHT_TOOL_MISSING,
 *   NETWRIGHT_GUEST
 */
export async function vmMachine(name: string, { trunk, silentMs = patienceMs }: VmOptions = {}): Promise<Machine> {
  const { kernel: choice, parameters } = readVmName(name)
  if (choice.kind === 'catalogue') await findKernel(choice.name)
  if (localArch() !== 'x86_64') {
    throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `VMs are for x86_64 machines, and this one is ${localArch()}`)
  }
  const qemu = await findQemu()
  const kernel = await chosenKernel(choice)
  const image = await bootImage(kernel)
  const memoryMiB = await memoryForImage(image)
  const accelerator = await findAccelerator(qemu, image, memoryMiB)
  const slotOf = async (options: Pick<GuestOptions, 'image' | 'memoryMiB'>): Promise<GuestSlot> => {
    // A clone has some 60 MB to itself and comes to use more; what it reads of its template can be dropped.
    await needMemory((options.memoryMiB / 2) * 2 ** 20)
    const all: GuestOptions = { ...options, accelerator: accelerator.kind, parameters, ...(trunk && { trunk: true }) }
    const boot = async () => cloneGuest(qemu, all, await guestTemplate(qemu, all), trunk)
    return openSlot({ boot, silentMs, environment })
  }
  const plain = await slotOf({ image, memoryMiB })
  let withEngine: Promise<GuestSlot | undefined> | undefined
  /** A second guest, which has Docker Engine: booted when it is first asked for. */
  const engineSlot = (): Promise<GuestSlot | undefined> =>
    (withEngine ??= (async () => {
      const files = await engineFiles()
      return files && slotOf({ image: await bootImage(kernel, files), memoryMiB: engineMemoryMiB })
    })())
  const cards = findCards({ kernel, image, trunk: trunk !== undefined, parameters, silentMs })
  const slots = async (): Promise<readonly GuestSlot[]> => {
    const second = await withEngine?.catch(() => undefined)
    return second === undefined ? [plain] : [plain, second]
  }
  let disposing: Promise<void> | undefined
  return {
    name: `vm:${name}`,
    facts: {
      kind: 'vm',
      kernel: (await plain.guest().channel.run(['uname', '-r'])).stdout.toString().trim(),
      distro: await distro(),
      arch: 'x86_64',
      privilege: 'root',
    },
    environment,
    get channel() {
      return plain.guest().channel
    },
    openSandbox: async (_hosts, needs = []) => {
      if (disposing !== undefined) throw disposed(`vm:${name}`)
      if (needs.includes('sriov')) return (await cards.guests()).openSandbox()
      const slot = needs.some(needsDocker) ? await engineSlot() : plain
      return (slot ?? plain).openSandbox()
    },
    can: async (feature) => {
      if (feature === 'sriov') return cards.can()
      if (!needsDocker(feature)) return plain.can(feature)
      if (trunk) return { able: false, reason: 'VMs that share wires carry no Docker Engine' }
      const slot = await engineSlot()
      return slot?.can(feature) ?? { able: false, reason: `this machine has no Docker Engine to give: ${dockerRemedy}` }
    },
    trouble: async () => {
      for (const slot of await slots()) {
        const trouble = await slot.trouble()
        if (trouble !== undefined) return trouble
      }
      return cards.trouble()
    },
    remarks: [`QEMU ${qemu.version} with ${accelerator.kind.toUpperCase()}: ${accelerator.why}`],
    dispose: () =>
      (disposing ??= (async () => {
        await cards.dispose()
        for (const slot of await slots()) await slot.guest().channel.close()
      })()),
  }
}

async function chosenKernel(choice: KernelChoice): Promise<StoredKernel> {
  switch (choice.kind) {
    case 'catalogue':
      return provideKernel(await findKernel(choice.name), (sentence) =>
        process.stderr.write(`netwright: ${sentence}\n`),
      )
    case 'host':
      return storeOwnKernel(await hostKernelFiles())
    case 'file':
      return storeOwnKernel(await kernelFilesAt(choice.file, choice.modules))
  }
}

/** The guest's programs are this machine's. */
async function distro(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'unknown distribution'
}
