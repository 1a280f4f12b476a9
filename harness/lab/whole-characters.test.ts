import { expect, test } from 'vitest'
import { wholeCharacters } from './whole-characters.ts'

async function pieces(input: Buffer, size: number): Promise<Buffer[]> {
  const stream = wholeCharacters()
  for (let at = 0; at < input.length; at += size) stream.write(input.subarray(at, at + size))
  stream.end()
  const out: Buffer[] = []
  for await (const piece of stream) out.push(piece as Buffer)
  return out
}

test.for([1, 2, 3, 4, 5, 7])('cuts between characters only, for pieces of %i bytes', async (size) => {
  const text = 'aä→🦀é'.repeat(9)
  expect((await pieces(Buffer.from(text), size)).map(String).join('')).toBe(text)
})

test('changes no byte of what is not text', async () => {
  const bytes = Buffer.from([0xff, 0xf0, 0x80, 0xe2, 0x86, 0x00, 0x80, 0xc3])
  for (const size of [1, 2, 3, 8]) expect(Buffer.concat(await pieces(bytes, size))).toEqual(bytes)
})
