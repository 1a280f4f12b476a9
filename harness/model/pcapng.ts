import { concatBytes } from './frame-checksums.ts'
import type { LinkType } from './frame-types.ts'

/** An interface that frames were captured on. */
export interface CaptureInterface {
  /** Shown by Wireshark for each frame: `node1/ns1 mac1`. */
  readonly name: string
  readonly link: LinkType
}

export interface CapturedFrame {
  /** Index in `interfaces`. */
  readonly interface: number
  /** Nanoseconds since 1970, up to 2^64. */
  readonly time: bigint
  readonly bytes: Uint8Array
  /** Bytes that were on the wire, when the capture cut the frame off. */
  readonly originalLength?: number
  readonly direction?: 'in' | 'out'
  /** Shown by Wireshark with the frame: `request, seen leaving`. */
  readonly comment?: string
}

export interface Capture {
  readonly interfaces: readonly CaptureInterface[]
  readonly frames: readonly CapturedFrame[]
  /** About the whole file: the scenario, the machine. */
  readonly comment?: string
}

/** LINKTYPE_ numbers of the tcpdump group. */
export const linkTypeNumbers = { ethernet: 1, ip: 101 } as const satisfies Record<LinkType, number>

export const blockTypes = { section: 0x0a0d0d0a, interface: 1, frame: 6 } as const
export const optionTypes = { comment: 1, application: 4, interfaceName: 2, timeResolution: 9, flags: 2 } as const
export const byteOrderMagic = 0x1a2b3c4d

/** The largest frame of a capture; libpcap wants the same of every interface. */
const snapLength = 262_144

/**
 * A capture as a pcapng file: one section, one interface description per interface, one enhanced packet block per frame,
 * in the given order.
 *
 * tcpdump reads files whose interfaces have one link type; Wireshark also reads those that mix Ethernet and bare IP.
 *
 * Source: draft-ietf-opsawg-pcapng.
 *
 * @throws RangeError when a frame names an interface that is not there, or a time out of range
 * @example
 * writePcapng({
 *   interfaces: [{ name: 'node1/ns1 mac1', link: 'ethernet' }],
 *   frames: [{ interface: 0, time: 1_700_000_000_000_000_000n, bytes, direction: 'out' }],
 * })
 */
export function writePcapng(capture: Capture): Uint8Array {
  return concatBytes([
    ...sectionBlock(capture),
    ...capture.interfaces.flatMap(interfaceBlock),
    ...capture.frames.flatMap((frame) => frameBlock(frame, capture.interfaces.length)),
  ])
}

function sectionBlock({ comment }: Capture): Pieces {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(byteOrderMagic, 0)
  body.writeUInt16LE(1, 4)
  // The length of the section is left open.
  body.writeBigInt64LE(-1n, 8)
  return block(
    blockTypes.section,
    body,
    [],
    [...textOption(optionTypes.comment, comment), ...textOption(optionTypes.application, 'netwright')],
  )
}

function interfaceBlock({ name, link }: CaptureInterface): Pieces {
  const body = Buffer.alloc(8)
  body.writeUInt16LE(linkTypeNumbers[link], 0)
  body.writeUInt32LE(snapLength, 4)
  return block(
    blockTypes.interface,
    body,
    [],
    [
      ...textOption(optionTypes.interfaceName, name),
      // Units of 10^-9 seconds.
      option(optionTypes.timeResolution, Uint8Array.of(9)),
    ],
  )
}

function frameBlock(frame: CapturedFrame, interfaces: number): Pieces {
  if (!Number.isInteger(frame.interface) || frame.interface < 0 || frame.interface >= interfaces) {
    throw new RangeError(`a frame names interface ${frame.interface} of ${interfaces}`)
  }
  if (frame.time < 0n || frame.time >> 64n !== 0n) throw new RangeError(`a frame has the time ${frame.time.toString()}`)
  const body = Buffer.alloc(20)
  body.writeUInt32LE(frame.interface, 0)
  body.writeUInt32LE(Number(frame.time >> 32n), 4)
  body.writeUInt32LE(Number(frame.time & 0xffff_ffffn), 8)
  body.writeUInt32LE(frame.bytes.length, 12)
  body.writeUInt32LE(frame.originalLength ?? frame.bytes.length, 16)
  return block(
    blockTypes.frame,
    body,
    [frame.bytes, padding(frame.bytes.length)],
    [
      ...textOption(optionTypes.comment, frame.comment),
      ...(frame.direction === undefined
        ? []
        : [option(optionTypes.flags, Uint8Array.of(frame.direction === 'in' ? 1 : 2, 0, 0, 0))]),
    ],
  )
}

/** Bytes that follow each other. They are put together once, for a whole file. */
type Pieces = readonly Uint8Array[]

/** Type, length, contents, options, and the length once more. */
function block(type: number, body: Buffer, data: Pieces, options: readonly Pieces[]): Pieces {
  const contents = [body, ...data, ...options.flat(), ...(options.length === 0 ? [] : [endOfOptions])]
  const length = contents.reduce((sum, { length }) => sum + length, 12)
  const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)]
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(length, 4)
  tail.writeUInt32LE(length, 0)
  return [head, ...contents, tail]
}

const zeroes = [0, 1, 2, 3].map((length) => Buffer.alloc(length))
const endOfOptions = Buffer.alloc(4)

function textOption(code: number, text: string | undefined): Pieces[] {
  return text === undefined ? [] : [option(code, new TextEncoder().encode(text).subarray(0, 0xffff))]
}

function option(code: number, value: Uint8Array): Pieces {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(code, 0)
  head.writeUInt16LE(value.length, 2)
  return [head, value, padding(value.length)]
}

/** Everything in a pcapng file begins at a multiple of four bytes. */
const padding = (length: number): Uint8Array => zeroes[(4 - (length % 4)) % 4] ?? endOfOptions
