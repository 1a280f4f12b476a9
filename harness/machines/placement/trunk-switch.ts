import type { Duplex } from 'node:stream'

/** Joins the network cards of guests: what one sends, all others get. */
export interface TrunkSwitch {
  /** Plugs a guest in, until its stream ends. */
  readonly plug: (stream: Duplex) => void
}

/** Bytes that may wait for one guest; what comes then is lost, as on any switch. */
const mostWaiting = 8 << 20
/** Ethernet type of tagged frames (IEEE 802.1Q), after both addresses. */
const tagged = 0x8100
const tagAt = 12

/**
 * A switch in this process, so that a trunk has no socket that could be left behind, any number of guests, and a guest
 * can be replaced. Frames without a tag are not of any cable (QEMU announces a guest that it has brought back): they are
 * dropped.
 */
export function openTrunkSwitch(): TrunkSwitch {
  const guests = new Set<Duplex>()
  return {
    plug: (stream) => {
      guests.add(stream)
      stream.on('error', () => undefined)
      stream.on('close', () => guests.delete(stream))
      stream.on(
        'data',
        packetSplitter((packet) => {
          if (packet.length < lengthBytes + tagAt + 2 || packet.readUInt16BE(lengthBytes + tagAt) !== tagged) return
          for (const guest of guests) {
            if (guest !== stream && guest.writable && guest.writableLength < mostWaiting) guest.write(packet)
          }
        }),
      )
    },
  }
}

const lengthBytes = 4

/**
 * Cuts QEMU's stream into packets: each a 32-bit length, big endian, and a frame (net/socket.c). Gives them as they came,
 * the length included.
 */
export function packetSplitter(onPacket: (packet: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let rest = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (rest.length >= lengthBytes) {
      const end = lengthBytes + rest.readUInt32BE(0)
      if (rest.length < end) break
      onPacket(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    pending = rest
  }
}
