import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { cachePath } from '../machines/vm/cache-folder.ts'
import { paceOf, type Pace } from './run-suites.ts'

/** Bytes that a machine with one worker takes: a vitest, a worker, a guest's private memory. */
const laneBytes = 600 * 1024 * 1024

/** What this machine has to give. */
export interface Resources {
  readonly cores: number
  /** Bytes that can be had. */
  readonly memory: number
}

export const resourcesHere = (): Resources => ({ cores: availableParallelism(), memory: process.availableMemory() })

/** How many machines of a matrix run at the same time. */
export function lanesFor(machines: number, { cores, memory }: Resources): number {
  return Math.max(1, Math.min(machines, cores, Math.floor(memory / laneBytes)))
}

/** The share of one machine, of which so many run at the same time. */
export function paceFor(machine: string, lanes: number, { cores }: Resources): Pace {
  return paceOf(machine, Math.max(1, Math.floor(cores / lanes)))
}

/**
 * The longest first, so that none is left to run alone at the end: by what they took before, else emulated ones
 * before this machine.
 */
export function longestFirst(machines: readonly string[], known: Readonly<Record<string, number>>): string[] {
  const isEmulated = (name: string) => /^(vm|vagrant):/.test(name)
  const slow = machines.flatMap((name) => (isEmulated(name) && known[name] !== undefined ? [known[name]] : []))
  const guess = (name: string) => (isEmulated(name) ? Math.max(60_000, ...slow) : 0)
  const ms = (name: string) => known[name] ?? guess(name)
  return machines.toSorted((a, b) => ms(b) - ms(a))
}

/** Does jobs side by side, so many at a time, in their order. A job knows how many run with it, itself included. */
export async function inLanes<Job>(
  jobs: readonly Job[],
  lanes: number,
  act: (job: Job, atOnce: number) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs]
  let running = 0
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      running += 1
      await act(job, Math.min(lanes, running + waiting.length))
      running -= 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

const durationsFile = () => cachePath('matrix', 'durations.json')

/** Milliseconds that machines took in earlier matrices; nothing where none is remembered. */
export function rememberedDurations(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(durationsFile(), 'utf8')) as Record<string, number>
  } catch {
    return {}
  }
}

/** Remembers them; that it cannot is no reason to fail. */
export function rememberDurations(durations: Readonly<Record<string, number>>): void {
  try {
    mkdirSync(dirname(durationsFile()), { recursive: true })
    writeFileSync(durationsFile(), JSON.stringify({ ...rememberedDurations(), ...durations }))
  } catch {
    // A cache that cannot be written only costs the order.
  }
}
