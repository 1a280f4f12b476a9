import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { openTrunkSwitch, packetSplitter } from './trunk-switch.ts'

/** A frame as QEMU writes it: broadcast, of a VLAN or of none. */
function packet(vlan: number | undefined, text: string): Buffer {
  const tag = vlan === undefined ? '' : `8100${vlan.toString(16).padStart(4, '0')}`
  const frame = Buffer.concat([Buffer.from(`ffffffffffff020000000001${tag}0800`, 'hex'), Buffer.from(text)])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

/** A guest's end: what it was sent, and a way to say something. */
function guest() {
  const got: string[] = []
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      got.push(chunk.toString('latin1'))
      done()
    },
  })
  return { stream, got, say: (bytes: Buffer) => stream.push(bytes) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('gives what one guest sends to all others, whole, and never back', async () => {
  const trunk = openTrunkSwitch()
  const guests = [guest(), guest(), guest()] as const
  for (const { stream } of guests) trunk.plug(stream)
  const sent = packet(7, 'hello')
  guests[0].say(sent.subarray(0, 9))
  await turn()
  guests[0].say(sent.subarray(9))
  await turn()
  expect(guests.map(({ got }) => got)).toEqual([[], [sent.toString('latin1')], [sent.toString('latin1')]])
})

test('drops frames that are of no cable, and forgets guests that are gone', async () => {
  const trunk = openTrunkSwitch()
  const [one, other] = [guest(), guest()]
  trunk.plug(one.stream)
  trunk.plug(other.stream)
  one.say(packet(undefined, 'announcement'))
  await turn()
  expect(other.got).toEqual([])
  other.stream.destroy()
  await turn()
  one.say(packet(7, 'hello'))
  await turn()
  expect(other.got).toEqual([])
})

test('cuts a stream into packets wherever its pieces end', () => {
  const packets: string[] = []
  const split = packetSplitter((one) => packets.push(one.toString('latin1')))
  const stream = Buffer.concat([packet(1, 'a'), packet(2, 'bb'), packet(3, 'ccc')])
  for (const byte of stream) split(Buffer.from([byte]))
  split(stream)
  const expected = [packet(1, 'a'), packet(2, 'bb'), packet(3, 'ccc')].map((one) => one.toString('latin1'))
  expect(packets).toEqual([...expected, ...expected])
})
