import { Transform } from 'node:stream'

/** Passes bytes on in pieces that end with a whole UTF-8 character: zx turns each piece into text by itself. */
export function wholeCharacters(): Transform {
  let begun = Buffer.alloc(0)
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
      const whole = bytes.length - incompleteTail(bytes)
      begun = Buffer.from(bytes.subarray(whole))
      done(null, whole === 0 ? undefined : bytes.subarray(0, whole))
    },
    flush(done) {
      done(null, begun.length === 0 ? undefined : begun)
    },
  })
}

/** Bytes at the end that begin a character and do not end it (RFC 3629). */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
