import { access, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { cardDevices } from '../machine.ts'
import { cacheFolder, contentName, holdFolder, scratchPrefix } from './cache-folder.ts'
import { startGuest, type Guest } from './guest.ts'
import { needDisk, onDisk } from './room.ts'
import { cardMacs, guestArguments, type GuestOptions, type Qemu } from './qemu.ts'

/** A guest that has booted and was put away: its RAM, which clones map copy-on-write, and the state of its devices. */
export interface Template {
  readonly ram: string
  readonly state: string
}

/** Modules that the harness's own wires need, and those of the documents: loaded once instead of in each clone. */
const warmModules = ['veth', 'bridge', 'macvlan', 'ipvlan']
/** And those of cables to other guests. */
const trunkModules = ['virtio_net', '8021q']
/** The drivers of an SR-IOV card and of the port it is plugged into. */
const cardModules = ['igb', 'virtio_net']
/** Gives the card and its port the names by which labs find them. */
const nameCard = Object.entries(cardMacs)
  .map(([end, mac]) => {
    const found = `basename "$(dirname "$(grep -l ${mac} /sys/class/net/*/address)")"`
    return `ip link set dev "$(${found})" name ${cardDevices[end as keyof typeof cardMacs]}`
  })
  .join('\n')
/** Milliseconds after which a template of an older userland or kernel goes. */
const staleMs = 3_600_000

/**
 * The template of a kernel: from the cache, else booted once.
 *
 * @throws NETWRIGHT_GUEST when the kernel does not boot
 */
export async function guestTemplate(qemu: Qemu, options: GuestOptions): Promise<Template> {
  const folder = await cacheFolder('templates')
  const name = contentName(qemu.version, ...guestArguments(options), options.image.name)
  const made = templateIn(join(folder, name))
  if (await exists(made)) return made
  const release = await holdFolder(folder)
  try {
    if (!(await exists(made))) await onDisk(folder, 'a VM was booted', () => makeTemplate(qemu, options, folder, name))
    return made
  } finally {
    await release()
  }
}

/** Starts a guest from a template, its clock set. */
export async function cloneGuest(
  qemu: Qemu,
  options: GuestOptions,
  { ram, state }: Template,
  trunk?: (stream: Duplex) => void,
): Promise<Guest> {
  const args = [...guestArguments(options), ...memory(options, ram, 'off'), '-incoming', 'defer']
  const guest = await startGuest(qemu, args, {
    resume: async (monitor) => {
      await monitor.migrate('migrate-incoming', `exec:cat ${quoted(state)}`)
      await monitor.execute('cont')
    },
    ...(trunk && { trunk }),
  })
  await guest.channel.run(['date', '-s', `@${Date.now() / 1000}`])
  return guest
}

async function makeTemplate(qemu: Qemu, options: GuestOptions, folder: string, name: string): Promise<void> {
  await sweep(folder)
  // The file is as large as the guest's memory; its devices' state comes beside it.
  await needDisk(folder, (options.memoryMiB + 64) * 2 ** 20)
  const scratch = await mkdtemp(join(folder, scratchPrefix))
  const { ram, state } = templateIn(scratch)
  const guest = await startGuest(qemu, [...guestArguments(options), ...memory(options, ram, 'on')], {
    ...(options.trunk && { trunk: (stream: Duplex) => void stream.on('error', () => undefined).resume() }),
  })
  try {
    const more = [...(options.trunk ? trunkModules : []), ...(options.card ? cardModules : [])]
    await guest.channel.run(['modprobe', '-qa', ...warmModules, ...more])
    if (options.card) await guest.channel.run(['sh', '-c', nameCard])
    const monitor = await guest.openMonitor()
    await monitor.execute('stop')
    await monitor.migrate('migrate', `exec:cat > ${quoted(state)}`)
    guest.end('it has become a template')
    await guest.ended
    await rename(scratch, join(folder, name))
  } finally {
    guest.end('its template was given up')
  }
}

function memory({ memoryMiB }: GuestOptions, file: string, share: 'on' | 'off'): readonly string[] {
  // A comma in an option's value is written twice.
  const path = file.replaceAll(',', ',,')
  const backend = `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${path},share=${share}`
  return ['-object', backend, '-machine', 'memory-backend=ram']
}

const templateIn = (folder: string): Template => ({ ram: join(folder, 'ram'), state: join(folder, 'state') })

const quoted = (path: string) => `'${path.replaceAll("'", `'\\''`)}'`

async function exists({ state }: Template): Promise<boolean> {
  return access(state).then(
    () => true,
    () => false,
  )
}

/** Removes what nobody has booted from for long; running clones keep what they have mapped. The caller holds the lock. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name === 'lock') continue
    const path = join(folder, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > staleMs) await rm(path, { recursive: true, force: true })
  }
}
