import type { CapturedFrame } from '../channel/channel.ts'
import type { ClockOffset } from './clock-offset.ts'
import { cableOf } from './trunk-cables.ts'

/** How far the clocks of a lab's machines are ahead of the harness's. */
export interface CommonTime {
  /** Nanoseconds; better known with each frame that has crossed a cable. */
  readonly ahead: (machine: number) => bigint
  /** Looks whether a frame was captured at the end of a cable. */
  readonly note: (machine: number, frame: CapturedFrame) => void
}

/** Crossings that are heeded, of one lab. */
const mostCrossings = 5000
const outgoing = 4 // PACKET_OUTGOING, include/uapi/linux/if_packet.h

interface Sight {
  readonly machine: number
  readonly stamp: bigint
  /** Machines that it has been matched with. */
  readonly met: Set<number>
}

/**
 * The offsets that agree with what was asked of the clocks, and with this: a frame leaves one machine before it comes in at
 * another. Each is a bound of the difference of two clocks; the offsets are in the middle of what all bounds allow.
 */
export function commonTime(asked: readonly ClockOffset[]): CommonTime {
  // The last place stands for the harness, whose clock is ahead by nothing.
  const harness = asked.length
  const size = harness + 1
  const unbound = (): number[][] => Array.from({ length: size }, () => Array<number>(size).fill(Infinity))
  /** In row i, column j: by how much clock j is ahead of clock i, at most. */
  const answers = unbound()
  asked.forEach(({ ahead, within }, machine) => {
    set(answers, harness, machine, Number(ahead + within))
    set(answers, machine, harness, Number(within - ahead))
  })
  let crossings = unbound()
  let solved: readonly bigint[] | undefined
  const sights = new Map<string, { readonly left: Sight[]; readonly came: Sight[] }>()
  let noted = 0

  function solve(): readonly bigint[] {
    const bounds = tightened(lesser(answers, crossings))
    if (bounds === undefined) {
      // A clock has drifted since it was asked, or since early frames: what was learnt from frames is given up.
      crossings = unbound()
      return asked.map(({ ahead }) => ahead)
    }
    let known = bounds
    return asked.map((_, machine) => {
      const middle = (at(known, harness, machine) - at(known, machine, harness)) / 2
      const fixed = known.map((row) => [...row])
      set(fixed, harness, machine, middle)
      set(fixed, machine, harness, -middle)
      known = tightened(fixed) ?? known
      return BigInt(Math.round(middle))
    })
  }

  return {
    ahead: (machine) => (solved ??= solve())[machine] ?? 0n,
    note: (machine, frame) => {
      const cable = cableOf(frame.ifindex)
      if (cable === undefined || noted > mostCrossings) return
      noted += 1
      const key = `${String(cable)} ${Buffer.from(frame.bytes).toString('latin1')}`
      const seen = sights.get(key) ?? { left: [], came: [] }
      sights.set(key, seen)
      const sight: Sight = { machine, stamp: frame.timestamp, met: new Set() }
      ;(frame.packetType === outgoing ? seen.left : seen.came).push(sight)
      // Like frames are matched in their order; one that was lost only makes a bound wider.
      for (const came of seen.came) {
        if (came.met.size > 0) continue
        const left = seen.left.find((one) => one.machine !== came.machine && !one.met.has(came.machine))
        if (left === undefined) continue
        left.met.add(came.machine)
        came.met.add(left.machine)
        const most = Number(came.stamp - left.stamp)
        if (most >= at(crossings, left.machine, came.machine)) continue
        set(crossings, left.machine, came.machine, most)
        solved = undefined
      }
    },
  }
}

type Bounds = number[][]

function at(bounds: Bounds, i: number, j: number): number {
  return bounds[i]?.[j] ?? Infinity
}

function set(bounds: Bounds, i: number, j: number, value: number): void {
  const row = bounds[i]
  if (row !== undefined) row[j] = value
}

function lesser(a: Bounds, b: Bounds): Bounds {
  return a.map((row, i) => row.map((value, j) => Math.min(value, at(b, i, j))))
}

/** What the bounds together imply (Floyd and Warshall); undefined when they contradict each other. */
function tightened(bounds: Bounds): Bounds | undefined {
  const implied = bounds.map((row, i) => row.map((value, j) => (i === j ? 0 : value)))
  for (const k of implied.keys()) {
    for (const i of implied.keys()) {
      for (const j of implied.keys()) {
        set(implied, i, j, Math.min(at(implied, i, j), at(implied, i, k) + at(implied, k, j)))
      }
    }
  }
  return implied.some((row, i) => (row[i] ?? 0) < 0) ? undefined : implied
}
