import type { Channel } from '../channel/channel.ts'

/** How far another clock is ahead of the harness's, in nanoseconds, and how wrong that may be. */
export interface ClockOffset {
  readonly ahead: bigint
  readonly within: bigint
}

/** Questions asked; the quickest answers bound the offset best. */
const questions = 12

/**
 * Measures a far end's clock over its channel. Each question says that the far clock was read between its sending and the
 * arrival of the answer; what all of them allow is the offset.
 */
export async function clockOffset(channel: Pick<Channel, 'clock'>): Promise<ClockOffset> {
  let [least, most]: [bigint | undefined, bigint | undefined] = [undefined, undefined]
  for (let asked = 0; asked < questions; asked += 1) {
    const sent = harnessClock()
    const far = await channel.clock()
    const arrived = harnessClock()
    if (least === undefined || far - arrived > least) least = far - arrived
    if (most === undefined || far - sent < most) most = far - sent
  }
  const [from, to] = [least ?? 0n, most ?? 0n]
  return { ahead: (from + to) / 2n, within: (to - from) / 2n }
}

/** Nanoseconds since the epoch, by a clock that never steps. */
function harnessClock(): bigint {
  return BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n + BigInt(Math.round(performance.now() * 1e6))
}
