import { createHash } from 'node:crypto'
import { interfaceNameProblem } from '../model/names.ts'
import type { UnderlaySpec, WireSpec } from '../model/underlay-spec.ts'

/** Names of the devices in a wire's namespace. */
export interface SwitchNames {
  /** The bridge: as the wire is called, where the kernel takes that. */
  readonly bridge: string
  /** The switch port that a NIC is plugged into: `node1-ens160`, where the kernel takes that. */
  readonly port: (host: string, nic: string) => string
  /** The port that leads to the wire's parts on other machines, of the part at a position counted from 0. */
  readonly uplink: (part: number) => string
}

/** Names the devices of a wire, each once: what is too long, refused or taken ends in a part of its hash instead. */
export function switchNames(underlay: UnderlaySpec, wire: Pick<WireSpec, 'name'>): SwitchNames {
  const taken = new Set(['lo'])
  const bridge = free(wire.name, taken)
  const ports = new Map<string, string>()
  for (const host of underlay.hosts) {
    for (const nic of host.nics) {
      if (nic.wire === wire.name) ports.set(`${host.name}/${nic.name}`, free(`${host.name}-${nic.name}`, taken))
    }
  }
  return {
    bridge,
    port: (host, nic) => {
      const port = ports.get(`${host}/${nic}`)
      if (port === undefined) throw new Error(`no port of wire ${wire.name} for ${nic} of ${host}`)
      return port
    },
    uplink: (part) => free(`uplink${String(part + 1)}`, new Set(taken)),
  }
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let attempt = 0; taken.has(name) || interfaceNameProblem(name) !== undefined; attempt += 1) {
    const hash = createHash('sha256').update(wanted + (attempt === 0 ? '' : `\0${String(attempt)}`))
    name = `${beginning(wanted)}-${hash.digest('hex').slice(0, 4)}`
  }
  taken.add(name)
  return name
}

/** As much of a name as ten bytes hold: the kernel counts bytes. */
function beginning(name: string): string {
  let kept = ''
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > 10) break
    kept += character
  }
  return kept
}
