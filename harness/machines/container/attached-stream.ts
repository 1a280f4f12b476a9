/**
 * Takes the stream of an attached container apart: u8 stream (1 stdout, 2 stderr), three zero bytes, u32 length (big
 * endian), that many bytes. What is incomplete is kept for the next piece.
 *
 * Source: Docker Engine API, "Attach to a container", stream format
 */
export function attachedSplitter(
  onBytes: (stream: 'stdout' | 'stderr', bytes: Buffer) => void,
): (chunk: Buffer) => void {
  let head = Buffer.alloc(0)
  let stream: 'stdout' | 'stderr' = 'stdout'
  let left = 0
  return (chunk) => {
    let rest = chunk
    while (rest.length > 0) {
      if (left === 0) {
        const wanted = 8 - head.length
        head = Buffer.concat([head, rest.subarray(0, wanted)])
        rest = rest.subarray(wanted)
        if (head.length < 8) return
        stream = head.readUInt8(0) === 2 ? 'stderr' : 'stdout'
        left = head.readUInt32BE(4)
        head = Buffer.alloc(0)
        continue
      }
      const bytes = rest.subarray(0, left)
      left -= bytes.length
      rest = rest.subarray(bytes.length)
      onBytes(stream, bytes)
    }
  }
}
