/**
 * Frames of the channel, both ways: u32 length of the rest, u8 type, u32 id, payload; big endian.
 * Most payloads are lists of strings: u32 length and bytes, repeated. `agent/agent.pl` is the other end.
 */
export interface ChannelFrame {
  readonly type: string
  readonly id: number
  readonly payload: Buffer
}

export function encodeFrame(type: string, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.allocUnsafe(9)
  head.writeUInt32BE(5 + payload.length, 0)
  head.writeUInt8(type.charCodeAt(0), 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

export function encodeList(items: readonly (string | number | Uint8Array)[]): Buffer {
  const parts: Buffer[] = []
  for (const item of items) {
    const bytes = item instanceof Uint8Array ? Buffer.from(item) : Buffer.from(String(item))
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(bytes.length, 0)
    parts.push(length, bytes)
  }
  return Buffer.concat(parts)
}

export function decodeList(payload: Buffer): Buffer[] {
  const items: Buffer[] = []
  for (let at = 0; at + 4 <= payload.length;) {
    const length = payload.readUInt32BE(at)
    items.push(payload.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return items
}

/** Cuts a byte stream into frames; keeps what is incomplete for the next piece. */
export function frameSplitter(onFrame: (frame: ChannelFrame) => void): (chunk: Buffer) => void {
  let pending: Buffer[] = []
  let size = 0
  return (chunk) => {
    pending.push(chunk)
    size += chunk.length
    if (size < 9) return
    let buffer = pending.length === 1 ? chunk : joinEnough(pending, size)
    if (buffer === undefined) return
    for (;;) {
      if (buffer.length < 4) break
      const length = buffer.readUInt32BE(0)
      if (buffer.length < 4 + length) break
      onFrame({
        type: String.fromCharCode(buffer.readUInt8(4)),
        id: buffer.readUInt32BE(5),
        payload: buffer.subarray(9, 4 + length),
      })
      buffer = buffer.subarray(4 + length)
    }
    pending = buffer.length > 0 ? [buffer] : []
    size = buffer.length
  }
}

/** Joins the pieces only once the first frame is whole, so that a large frame is copied once. */
function joinEnough(pending: Buffer[], size: number): Buffer | undefined {
  const [first] = pending
  if (first !== undefined && first.length >= 4 && size < 4 + first.readUInt32BE(0)) return undefined
  return Buffer.concat(pending)
}
