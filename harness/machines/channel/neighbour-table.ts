import type { NeighbourEntry } from './channel.ts'

/** NUD_ states, `include/uapi/linux/neighbour.h`. */
const stateNames: Readonly<Record<number, string>> = {
  0x00: 'NONE',
  0x01: 'INCOMPLETE',
  0x02: 'REACHABLE',
  0x04: 'STALE',
  0x08: 'DELAY',
  0x10: 'PROBE',
  0x20: 'FAILED',
  0x40: 'NOARP',
  0x80: 'PERMANENT',
}

/** Reads the agent's lines: `family ifindex state address mac`, addresses in hex. A namespace that is gone has no entries. */
export function neighbourTable(answer: Buffer): NeighbourEntry[] {
  const text = answer.toString()
  if (text.startsWith('!')) return []
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [family, ifindex, state, address = '', mac = ''] = line.split(' ')
      if (family !== '2' && family !== '10') return []
      return {
        ifindex: Number(ifindex),
        state: stateNames[Number(state)] ?? String(state),
        address: Buffer.from(address, 'hex'),
        ...(mac === '' ? {} : { mac: mac.replace(/(..)(?=.)/g, '$1:') }),
      }
    })
}
