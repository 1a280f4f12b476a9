import { readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import { openAbilities } from '../ability.ts'
import { agentCommand, localArch } from '../channel/agent-process.ts'
import type { Channel } from '../channel/channel.ts'
import { openNestedAgent } from '../channel/nested-agent.ts'
import type { Machine } from '../machine.ts'
import { findAccelerator } from './accelerator.ts'
import { bootImage } from './boot-image.ts'
import { findKernel } from './catalogue.ts'
import { consoleText, troubleText, type Guest } from './guest.ts'
import { provideKernel, type StoredKernel } from './kernel-store.ts'
import { hostKernelFiles, kernelFilesAt, storeOwnKernel } from './own-kernel.ts'
import { findQemu, type GuestOptions } from './qemu.ts'
import { needMemory } from './room.ts'
import { cloneGuest, guestTemplate } from './template.ts'
import { readVmName, type KernelChoice } from './vm-name.ts'

const memoryMiB = 384
/** Milliseconds until a guest that does not answer is given up. */
const patienceMs = 30_000

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}
const sandboxFlags = ['--net', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

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
  // A clone has some 60 MB to itself and comes to use more; what it reads of its template can be dropped.
  await needMemory((memoryMiB / 2) * 2 ** 20)
  const image = await bootImage(await chosenKernel(choice))
  const accelerator = await findAccelerator(qemu, image, memoryMiB)
  const options: GuestOptions = {
    image,
    accelerator: accelerator.kind,
    memoryMiB,
    parameters,
    ...(trunk && { trunk: true }),
  }
  const boot = async (): Promise<Guest> => {
    const guest = await cloneGuest(qemu, options, await guestTemplate(qemu, options), trunk)
    keepLooking(guest, silentMs)
    return guest
  }
  let alive = true
  let guest = await boot()
  let pending: Promise<Guest> | undefined
  const watch = (started: Guest): void => {
    void started.ended.then(() => {
      if (started === guest) alive = false
    })
  }
  watch(guest)
  const running = async (): Promise<Guest> => {
    if (alive) return guest
    pending ??= boot()
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
    name: `vm:${name}`,
    facts: {
      kind: 'vm',
      kernel: (await guest.channel.run(['uname', '-r'])).stdout.toString().trim(),
      distro: await distro(),
      arch: 'x86_64',
      privilege: 'root',
    },
    environment,
    get channel() {
      return guest.channel
    },
    openSandbox,
    can: (feature) => abilities.can(feature),
    trouble: async () => {
      const { channel, console } = guest
      // What was written before the answer left the guest has arrived with it.
      await channel.ping().catch(() => undefined)
      await nextTurn()
      const found = console.firstTrouble()
      return found && `${troubleText(found)}\n${consoleText(console)}`
    },
    remarks: [`QEMU ${qemu.version} with ${accelerator.kind.toUpperCase()}: ${accelerator.why}`],
    dispose: () => guest.channel.close(),
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

/** Ends a guest that no longer answers: every wait for it then ends with its console's tail. */
function keepLooking(guest: Guest, silentMs: number): void {
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

/** The guest's programs are this machine's. */
async function distro(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'unknown distribution'
}
