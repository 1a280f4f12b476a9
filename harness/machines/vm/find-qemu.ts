import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { qemuAt, type Qemu } from './qemu.ts'
import { storedQemu } from './qemu-store.ts'
import { tool, toolPath } from './tool.ts'

/** Variable that names the QEMU for all guests: a path, or a program on PATH. */
const qemuVariable = 'NETWRIGHT_QEMU'

const programName = 'qemu-system-x86_64'

/**
 * The QEMU of ordinary guests: the one that NETWRIGHT_QEMU names, else the one on PATH, else the one that
 * `netwright kernels fetch qemu` put into the cache.
 *
 * @throws NETWRIGHT_TOOL_MISSING with the command that installs it, or when NETWRIGHT_QEMU names none
 */
export async function findQemu(): Promise<Qemu> {
  const found = (await namedQemu()) ?? (await qemuOnPath()) ?? (await storedQemu())
  if (found !== undefined) return found
  throw new NetwrightError('NETWRIGHT_TOOL_MISSING', `A VM needs QEMU, and this machine has no ${programName}`, {
    next: 'apt-get install -y --no-install-recommends qemu-system-x86',
  })
}

/** A QEMU that emulates an SR-IOV card, or why there is none, with the next step, and whether that is to fetch one. */
export type CardQemu = { readonly qemu: Qemu } | { readonly reason: string; readonly canBeFetched: boolean }

/**
 * The QEMU of guests with an SR-IOV card: the one that NETWRIGHT_QEMU names, else the newer one of those on PATH and in
 * the cache. Each is asked for the card's model; versions prove nothing, for a build may leave devices out.
 */
export async function findCardQemu(): Promise<CardQemu> {
  const named = await namedQemu()
  const all = named === undefined ? [await qemuOnPath(), await storedQemu()] : [named]
  const there = all.filter((one) => one !== undefined).sort(newestFirst)
  for (const qemu of there) if (await hasCard(qemu)) return { qemu }
  const [newest] = there
  const canBeFetched = named === undefined
  const next = canBeFetched ? 'netwright kernels fetch qemu' : `let ${qemuVariable} name a newer one, or unset it`
  const which = newest === undefined ? 'this machine has no QEMU' : `QEMU ${newest.version} has no igb`
  return { reason: `${which}, the SR-IOV card (8.0 or newer is needed): ${next}`, canBeFetched }
}

/** Orders by version, newest first. */
export function newestFirst(a: Pick<Qemu, 'version'>, b: Pick<Qemu, 'version'>): number {
  return b.version.localeCompare(a.version, 'en', { numeric: true })
}

/** Whether it knows the 82576, by its list of the device's options: the exit code is 0 either way. */
async function hasCard({ program }: Qemu): Promise<boolean> {
  const said = await tool([program, '-machine', 'none', '-device', 'igb,help']).catch(() => '')
  return /^igb options/m.test(said.toString())
}

async function namedQemu(): Promise<Qemu | undefined> {
  const named = process.env[qemuVariable]
  if (named === undefined || named === '') return undefined
  const next = `Set ${qemuVariable} to the path of a ${programName}, or unset it.`
  const program = named.includes('/') ? named : await onPath(named)
  if (program === undefined || !(await isProgram(program)))
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', `${qemuVariable} names no program`, { place: named, next })
  return qemuAt(program)
}

async function qemuOnPath(): Promise<Qemu | undefined> {
  const program = await onPath(programName)
  return program === undefined ? undefined : qemuAt(program)
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of toolPath().split(':')) {
    const program = join(folder, name)
    if (await isProgram(program)) return program
  }
  return undefined
}

async function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
