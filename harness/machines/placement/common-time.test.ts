import { expect, test } from 'vitest'
import type { CapturedFrame } from '../channel/channel.ts'
import { commonTime } from './common-time.ts'
import { endIndex } from './trunk-cables.ts'

const ms = 1_000_000n
const out = 4

function frame(position: number, packetType: number, timestamp: bigint, text: string): CapturedFrame {
  const bytes = Buffer.from(text)
  return { ifindex: endIndex(7, position), hatype: 1, packetType, timestamp, length: bytes.length, bytes }
}

test('begins with what the clocks were asked', () => {
  const time = commonTime([
    { ahead: 3n * ms, within: ms },
    { ahead: -2n * ms, within: ms },
  ])
  expect([time.ahead(0), time.ahead(1)]).toEqual([3n * ms, -2n * ms])
})

test('a frame that seems to come in before it left corrects the clocks', () => {
  const time = commonTime([
    { ahead: 0n, within: 2n * ms },
    { ahead: 0n, within: 2n * ms },
  ])
  time.note(0, frame(0, out, 100n * ms, 'request'))
  time.note(1, frame(1, 0, 99n * ms, 'request'))
  expect(99n * ms - time.ahead(1)).toBeGreaterThanOrEqual(100n * ms - time.ahead(0))
  time.note(1, frame(1, out, 100n * ms, 'reply'))
  time.note(0, frame(0, 0, 102n * ms, 'reply'))
  const [left, came] = [100n * ms - time.ahead(1), 102n * ms - time.ahead(0)]
  expect(came).toBeGreaterThanOrEqual(left)
  expect(99n * ms - time.ahead(1)).toBeGreaterThanOrEqual(100n * ms - time.ahead(0))
})

test('heeds no frame of other devices, and matches like frames in their order', () => {
  const clocks = { ahead: 0n, within: 5n * ms }
  const time = commonTime([clocks, clocks])
  const elsewhere = { ...frame(0, out, 100n * ms, 'x'), ifindex: 3 }
  time.note(0, elsewhere)
  time.note(1, { ...elsewhere, packetType: 0, timestamp: 90n * ms })
  time.note(0, frame(0, out, 100n * ms, 'again'))
  time.note(0, frame(0, out, 130n * ms, 'again'))
  time.note(1, frame(1, 0, 101n * ms, 'again'))
  time.note(1, frame(1, 0, 131n * ms, 'again'))
  // From −5 ms, which the clocks said, to 1 ms: the second to leave did not come in before the first.
  expect([time.ahead(0), time.ahead(1)]).toEqual([0n, -2n * ms])
})

test('gives up what frames said of clocks that have drifted', () => {
  const clocks = { ahead: 0n, within: ms }
  const time = commonTime([clocks, clocks])
  time.note(0, frame(0, out, 100n * ms, 'request'))
  time.note(1, frame(1, 0, 50n * ms, 'request'))
  expect([time.ahead(0), time.ahead(1)]).toEqual([0n, 0n])
})
