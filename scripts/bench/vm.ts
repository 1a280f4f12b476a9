import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { findAccelerator } from '../../harness/machines/vm/accelerator.ts'
import { bootImage } from '../../harness/machines/vm/boot-image.ts'
import { kernelCatalogue } from '../../harness/machines/vm/catalogue.ts'
import { startGuest, type Guest } from '../../harness/machines/vm/guest.ts'
import { storedKernel } from '../../harness/machines/vm/kernel-store.ts'
import { findQemu } from '../../harness/machines/vm/find-qemu.ts'
import { guestArguments, type GuestOptions, type Qemu } from '../../harness/machines/vm/qemu.ts'
import { cloneGuest, guestTemplate } from '../../harness/machines/vm/template.ts'
import { vmObstacle } from '../../harness/machines/vm/testing/vm-obstacle.ts'
import { vmMachine } from '../../harness/machines/vm/vm-machine.ts'

/** A figure with the most it may be. */
export interface VmFigure {
  readonly what: string
  readonly measured: number
  readonly unit: string
  /** The goal, where there is one. */
  readonly most?: number
  readonly note: string
}

const memoryMiB = 384

/**
 * Measures what VMs cost, for each cloud kernel that the cache has: cold boot, clone, memory of a clone, round trips.
 *
 * @returns why nothing could be measured, when it could not
 */
export async function measureVms(add: (figure: VmFigure) => void): Promise<string | undefined> {
  const reason = await vmObstacle('6.1')
  if (reason !== undefined) return reason
  const qemu = await findQemu()
  for (const { name, flavour } of await kernelCatalogue()) {
    const kernel = flavour === 'cloud' ? await storedKernel(name) : undefined
    if (kernel === undefined) continue
    const image = await bootImage(kernel)
    const { kind } = await findAccelerator(qemu, image, memoryMiB)
    const note = (fastest: number) => `${kind.toUpperCase()}, median; the fastest ${fastest.toFixed(1)}`
    const options: GuestOptions = { image, accelerator: kind, memoryMiB }
    const boots = await repeated(3, () => boot(qemu, options))
    add({ what: `vm:${name}: cold boot to first command`, ...boots, unit: 'ms', most: 4000, note: note(boots.fastest) })
    const clones: { ms: number; mib: number }[] = []
    for (let i = 0; i < 5; i++) clones.push(await clone(qemu, options))
    const [times, memory] = [spread(clones.map(({ ms }) => ms)), spread(clones.map(({ mib }) => mib))]
    add({ what: `vm:${name}: clone to first command`, ...times, unit: 'ms', most: 300, note: note(times.fastest) })
    add({ what: `vm:${name}: memory that a clone has to itself`, ...memory, unit: 'MB', most: 60, note: 'median' })
    await roundTrips(name, note, add)
  }
  return undefined
}

async function boot(qemu: Qemu, options: GuestOptions): Promise<number> {
  const startedAt = performance.now()
  const guest = await startGuest(qemu, guestArguments(options))
  return end(guest, await firstCommand(guest, startedAt))
}

async function clone(qemu: Qemu, options: GuestOptions): Promise<{ ms: number; mib: number }> {
  const template = await guestTemplate(qemu, options)
  const startedAt = performance.now()
  const guest = await cloneGuest(qemu, options, template)
  const ms = await firstCommand(guest, startedAt)
  const mib = await ownMemory()
  return end(guest, { ms, mib })
}

async function firstCommand({ channel }: Guest, startedAt: number): Promise<number> {
  await channel.run(['true'])
  return performance.now() - startedAt
}

async function end<Result>(guest: Guest, result: Result): Promise<Result> {
  guest.end('it has been measured')
  await guest.ended
  return result
}

/** Megabytes that the one running QEMU has written: what it only reads of its template is in the page cache once. */
async function ownMemory(): Promise<number> {
  const pid = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'qemu-system'])
    .toString()
    .trim()
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return (Number(/^Private_Dirty:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024) / 1e6
}

async function roundTrips(
  name: string,
  note: (fastest: number) => string,
  add: (figure: VmFigure) => void,
): Promise<void> {
  const machine = await vmMachine(name)
  try {
    const sandbox = await machine.openSandbox()
    const run = await repeated(100, () => timed(() => sandbox.run(['true'])))
    add({ what: `vm:${name}: round trip with process start`, ...run, unit: 'ms', most: 15, note: note(run.fastest) })
    const ping = await repeated(300, () => timed(() => machine.channel.ping()))
    add({ what: `vm:${name}: round trip without`, ...ping, unit: 'ms', most: 1, note: note(ping.fastest) })
  } finally {
    await machine.dispose()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function repeated(times: number, measure: () => Promise<number>): Promise<Spread> {
  const found: number[] = []
  for (let i = 0; i < times; i++) found.push(await measure())
  return spread(found)
}

/** The fastest says what it costs where others compete for the cores. */
interface Spread {
  readonly measured: number
  readonly fastest: number
}

function spread(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  return { measured: sorted[Math.floor(sorted.length / 2)] ?? 0, fastest: sorted[0] ?? 0 }
}
