import type { LinkType } from '../frame-types.ts'
import {
  blockTypes,
  byteOrderMagic,
  linkTypeNumbers,
  optionTypes,
  type Capture,
  type CapturedFrame,
  type CaptureInterface,
} from '../pcapng.ts'

/** Reads what `writePcapng` writes: one little-endian section with times in nanoseconds. Other blocks are skipped. */
export function readPcapng(file: Uint8Array): Capture {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const interfaces: CaptureInterface[] = []
  const frames: CapturedFrame[] = []
  let comment: string | undefined
  for (let offset = 0; offset < file.length; offset += view.getUint32(offset + 4, true)) {
    const length = view.getUint32(offset + 4, true)
    if (length % 4 !== 0 || view.getUint32(offset + length - 4, true) !== length)
      throw new Error('block lengths differ')
    const body = new DataView(file.buffer, file.byteOffset + offset + 8, length - 12)
    const type = view.getUint32(offset, true)
    if (type === blockTypes.section) {
      if (body.getUint32(0, true) !== byteOrderMagic) throw new Error('not little-endian')
      comment = text(options(body, 16).get(optionTypes.comment))
    } else if (type === blockTypes.interface) {
      interfaces.push(readInterface(body))
    } else if (type === blockTypes.frame) {
      frames.push(readFrame(body))
    }
  }
  return { interfaces, frames, ...(comment === undefined ? {} : { comment }) }
}

function readInterface(body: DataView): CaptureInterface {
  const found = options(body, 8)
  const links = Object.entries(linkTypeNumbers) as [LinkType, number][]
  const link = links.find(([, number]) => number === body.getUint16(0, true))?.[0]
  if (link === undefined) throw new Error(`link type ${body.getUint16(0, true)}`)
  if (found.get(optionTypes.timeResolution)?.[0] !== 9) throw new Error('times are not in nanoseconds')
  return { name: text(found.get(optionTypes.interfaceName)) ?? '', link }
}

function readFrame(body: DataView): CapturedFrame {
  const length = body.getUint32(12, true)
  const original = body.getUint32(16, true)
  const found = options(body, 20 + Math.ceil(length / 4) * 4)
  const direction = ([undefined, 'in', 'out'] as const)[found.get(optionTypes.flags)?.[0] ?? 0]
  const comment = text(found.get(optionTypes.comment))
  return {
    interface: body.getUint32(0, true),
    time: (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true)),
    bytes: new Uint8Array(body.buffer, body.byteOffset + 20, length),
    ...(original === length ? {} : { originalLength: original }),
    ...(direction === undefined ? {} : { direction }),
    ...(comment === undefined ? {} : { comment }),
  }
}

function options(body: DataView, start: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let offset = start; offset + 4 <= body.byteLength;) {
    const length = body.getUint16(offset + 2, true)
    found.set(body.getUint16(offset, true), new Uint8Array(body.buffer, body.byteOffset + offset + 4, length))
    offset += 4 + Math.ceil(length / 4) * 4
  }
  return found
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
