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
    sectionBlock(capture),
    ...capture.interfaces.map(interfaceBlock),
    ...capture.frames.map((frame) => frameBlock(frame, capture.interfaces.length)),
  ])
}

function sectionBlock({ comment }: Capture): Uint8Array {
  const body = new DataView(new ArrayBuffer(16))
  body.setUint32(0, byteOrderMagic, true)
  body.setUint16(4, 1, true)
  // The length of the section is left open.
  body.setBigInt64(8, -1n, true)
  return block(
    blockTypes.section,
    body,
    [],
    [...textOption(optionTypes.comment, comment), ...textOption(optionTypes.application, 'netwright')],
  )
}

function interfaceBlock({ name, link }: CaptureInterface): Uint8Array {
  const body = new DataView(new ArrayBuffer(8))
  body.setUint16(0, linkTypeNumbers[link], true)
  body.setUint32(4, snapLength, true)
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

function frameBlock(frame: CapturedFrame, interfaces: number): Uint8Array {
  if (!Number.isInteger(frame.interface) || frame.interface < 0 || frame.interface >= interfaces) {
    throw new RangeError(`a frame names interface ${frame.interface} of ${interfaces}`)
  }
  if (frame.time < 0n || frame.time >> 64n !== 0n) throw new RangeError(`a frame has the time ${frame.time.toString()}`)
  const body = new DataView(new ArrayBuffer(20))
  body.setUint32(0, frame.interface, true)
  body.setUint32(4, Number(frame.time >> 32n), true)
  body.setUint32(8, Number(frame.time & 0xffff_ffffn), true)
  body.setUint32(12, frame.bytes.length, true)
  body.setUint32(16, frame.originalLength ?? frame.bytes.length, true)
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

/** Type, length, contents, options, and the length once more. */
function block(type: number, body: DataView, data: readonly Uint8Array[], options: readonly Uint8Array[]): Uint8Array {
  const endOfOptions = options.length === 0 ? [] : [new Uint8Array(4)]
  const contents = concatBytes([new Uint8Array(body.buffer), ...data, ...options, ...endOfOptions])
  const length = contents.length + 12
  const head = new DataView(new ArrayBuffer(8))
  head.setUint32(0, type, true)
  head.setUint32(4, length, true)
  return concatBytes([new Uint8Array(head.buffer), contents, new Uint8Array(head.buffer, 4, 4)])
}

function textOption(code: number, text: string | undefined): Uint8Array[] {
  return text === undefined ? [] : [option(code, new TextEncoder().encode(text).subarray(0, 0xffff))]
}

function option(code: number, value: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4))
  head.setUint16(0, code, true)
  head.setUint16(2, value.length, true)
  return concatBytes([new Uint8Array(head.buffer), value, padding(value.length)])
}

/** Everything in a pcapng file begins at a multiple of four bytes. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4)
}
