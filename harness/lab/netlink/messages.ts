/**
 * The form of rtnetlink messages (rtnetlink(7), netlink(7)): a header, a fixed part, then attributes, each padded to four
 * bytes. Numbers are in the byte order of the machine; every architecture we run on is little-endian.
 */

/** The attributes of a message by their number; of several with one number the last. */
export interface Attributes {
  readonly get: (number: number) => Buffer | undefined
}

export interface NetlinkMessage {
  readonly type: number
  /** What follows the header: the fixed part, then the attributes. */
  readonly body: Buffer
}

const headerBytes = 16
/** `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` stand in the number's upper bits. */
const numberMask = 0x3fff

/** Attributes and messages begin at multiples of four bytes. */
export const padded = (length: number) => (length + 3) & ~3

/** The messages of one dump, in order. A cut-off last one is left out. */
export function* messagesOf(dump: Buffer): Generator<NetlinkMessage> {
  for (let at = 0; at + headerBytes <= dump.length;) {
    const length = dump.readUInt32LE(at)
    if (length < headerBytes || at + length > dump.length) return
    yield { type: dump.readUInt16LE(at + 4), body: dump.subarray(at + headerBytes, at + length) }
    at += padded(length)
  }
}

/** Each attribute from a place on, with its number. */
export function* attributeList(bytes: Buffer, from = 0): Generator<readonly [number, Buffer]> {
  for (let at = from; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) return
    yield [bytes.readUInt16LE(at + 2) & numberMask, bytes.subarray(at + 4, at + length)]
    at += padded(length)
  }
}

/** They are looked for when they are asked for: a link has some hundred, of which a few are read. */
export function attributesOf(bytes: Buffer | undefined, from = 0): Attributes {
  return { get: (number) => (bytes === undefined ? undefined : lastAttribute(bytes, from, number)) }
}

function lastAttribute(bytes: Buffer, from: number, number: number): Buffer | undefined {
  let [start, end] = [0, 0]
  for (let at = from; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) break
    if ((bytes.readUInt16LE(at + 2) & numberMask) === number) [start, end] = [at + 4, at + length]
    at += padded(length)
  }
  return start === 0 ? undefined : bytes.subarray(start, end)
}

/** A text attribute, without the zero byte at its end. */
export function textOf(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

/** An unsigned number of the attribute's own size: one, two or four bytes. */
export function numberOf(value: Buffer | undefined): number | undefined {
  return value === undefined || ![1, 2, 4].includes(value.length) ? undefined : value.readUIntLE(0, value.length)
}

/** A hardware address as `ip` writes it. */
export function macOf(value: Buffer): string {
  return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
