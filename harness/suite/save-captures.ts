import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { linkTypeOf } from '../model/frames.ts'
import type { Graph } from '../model/graph.ts'
import { writePcapng, type CapturedFrame, type CaptureInterface } from '../model/pcapng.ts'
import { deviceName } from '../probe/sightings.ts'
import type { Watch } from '../probe/watch.ts'

const outgoing = 4 // PACKET_OUTGOING, include/uapi/linux/if_packet.h

/** Where the frames of a scenario are kept. */
export interface CaptureFile {
  readonly folder: string
  readonly suite: string
  readonly scenario: string
}

/**
 * Writes every frame that a lab's watch saw into one pcapng file, in the order of their time stamps; each interface is
 * called by its namespace and device.
 *
 * @returns its path relative to the folder's parent, in a list; empty when nothing was seen
 */
export async function saveCaptures(file: CaptureFile, watch: Watch, graph: Graph): Promise<readonly string[]> {
  await watch.mark()
  const interfaces: CaptureInterface[] = []
  const numbers = new Map<string, number>()
  const frames = watch.frames.flatMap((seen): CapturedFrame[] => {
    const { frame } = seen
    const link = linkTypeOf(frame.hatype)
    if (link === undefined) return []
    const name = `${seen.ns} ${deviceName(graph, seen)}`
    const number = numbers.get(`${name} ${link}`) ?? interfaces.push({ name, link }) - 1
    numbers.set(`${name} ${link}`, number)
    return [
      {
        interface: number,
        time: frame.timestamp,
        bytes: frame.bytes,
        originalLength: frame.length,
        direction: frame.packetType === outgoing ? 'out' : 'in',
      },
    ]
  })
  if (frames.length === 0) return []
  frames.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  const name = `${fileName(`${file.suite} ${file.scenario}`)}.pcapng`
  await mkdir(file.folder, { recursive: true })
  const comment = `${file.suite}: ${file.scenario}`
  await writeFile(join(file.folder, name), writePcapng({ interfaces, frames, comment }))
  return [`${basename(file.folder)}/${name}`]
}

const taken = new Map<string, number>()

/** A file name that says what it is of; a second one alike gets a number. */
function fileName(text: string): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100)
  const count = (taken.get(plain) ?? 0) + 1
  taken.set(plain, count)
  return count === 1 ? plain : `${plain}-${String(count)}`
}
