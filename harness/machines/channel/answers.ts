import { FarEndError, type NetlinkDump, type NetlinkRequest } from './channel.ts'
import { decodeList, type ChannelFrame } from './wire-format.ts'

/** The first word of an answer. */
export function text(frame: ChannelFrame): string {
  return decodeList(frame.payload)[0]?.toString() ?? ''
}

/** The error that a far end answered with. */
export function farEndError(frame: ChannelFrame): FarEndError {
  const [words, errno] = decodeList(frame.payload).map((b) => b.toString())
  return new FarEndError(words ?? 'request failed', Number(errno ?? 0))
}

/** What the far end answers for one namespace: errno and words, or nothing, then the dumps. */
export function netlinkDump([problem, links, addresses, routes, neighbours]: readonly Buffer[]):
  NetlinkDump | FarEndError {
  if (problem?.length === 0 && links && addresses && routes && neighbours)
    return { links, addresses, routes, neighbours }
  const [, errno = '0', words = 'no answer'] = /^(\d+) (.*)$/s.exec(problem?.toString() ?? '') ?? []
  return new FarEndError(words, Number(errno))
}

/** A request as the far end takes it. */
export function netlinkMessage({ type, flags, body }: NetlinkRequest): Buffer {
  const head = Buffer.allocUnsafe(4)
  head.writeUInt16LE(type, 0)
  head.writeUInt16LE(flags, 2)
  return Buffer.concat([head, body])
}
