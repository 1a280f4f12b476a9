import { fromBytes } from '../../model/addresses.ts'
import type { InterfaceAddress, Neighbour, Route } from '../../model/graph.ts'
import type { Family } from '../../model/probe.ts'
import { attributesOf, macOf, messagesOf, numberOf, type Attributes } from './messages.ts'

const [newAddress, newRoute, newNeighbour] = [20, 24, 28]
const tentativeFlag = 0x40
const clonedFlag = 0x200
const familyNumbers: Readonly<Record<number, Family>> = { 2: 4, 10: 6 }

const scopes: Readonly<Record<number, string>> = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' }
const tables: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' }
const routeTypes = [
  ...['none', 'unicast', 'local', 'broadcast', 'anycast', 'multicast'],
  ...['blackhole', 'unreachable', 'prohibit', 'throw', 'nat'],
]
const neighbourStates: readonly (readonly [number, string])[] = [
  [0x01, 'INCOMPLETE'],
  [0x02, 'REACHABLE'],
  [0x04, 'STALE'],
  [0x08, 'DELAY'],
  [0x10, 'PROBE'],
  [0x20, 'FAILED'],
  [0x80, 'PERMANENT'],
]

/** Names a device by its index. */
export type DeviceName = (index: number) => string

/** The addresses of an RTM_GETADDR dump, by the index of their device. */
export function readAddresses(dump: Buffer): Map<number, InterfaceAddress[]> {
  const found = new Map<number, InterfaceAddress[]>()
  for (const { type, body } of messagesOf(dump)) {
    const family = familyNumbers[body.readUInt8(0)]
    if (type !== newAddress || family === undefined) continue
    const attributes = attributesOf(body, 8)
    // IFA_LOCAL is the own end of a point-to-point address; IPv6 has IFA_ADDRESS only.
    const local = attributes.get(2) ?? attributes.get(1)
    if (local === undefined) continue
    const flags = numberOf(attributes.get(8)) ?? body.readUInt8(2)
    const index = body.readUInt32LE(4)
    const address: InterfaceAddress = {
      family,
      address: fromBytes(local),
      prefix: body.readUInt8(1),
      scope: nameOf(scopes, body.readUInt8(3)),
      ...((flags & tentativeFlag) === 0 ? {} : { tentative: true }),
    }
    found.set(index, [...(found.get(index) ?? []), address])
  }
  return found
}

/** The routes of an RTM_GETROUTE dump that say where packets go: not those that every address brings along. */
export function readRoutes(dump: Buffer, deviceName: DeviceName): Route[] {
  return [...messagesOf(dump)].flatMap(({ type, body }) => {
    const family = familyNumbers[body.readUInt8(0)]
    if (type !== newRoute || family === undefined || (body.readUInt32LE(8) & clonedFlag) !== 0) return []
    const attributes = attributesOf(body, 12)
    const table = nameOf(tables, numberOf(attributes.get(15)) ?? body.readUInt8(4))
    const kind = routeTypes[body.readUInt8(7)] ?? 'unknown'
    const to = destination(attributes.get(1), body.readUInt8(1), family)
    if (table === 'local' || kind === 'local' || kind === 'multicast') return []
    if (to.startsWith('fe80:') || to.startsWith('ff00:')) return []
    const via = nextHop(attributes)
    const [dev, metric, source] = [numberOf(attributes.get(4)), numberOf(attributes.get(6)), attributes.get(7)]
    return {
      family,
      to,
      type: kind,
      ...(via === undefined ? {} : { via }),
      ...(dev === undefined ? {} : { dev: deviceName(dev) }),
      ...(metric === undefined ? {} : { metric }),
      scope: nameOf(scopes, body.readUInt8(6)),
      ...(source === undefined ? {} : { source: fromBytes(source) }),
      ...(table === 'main' ? {} : { table }),
    }
  })
}

/** RTA_GATEWAY, or RTA_VIA: a gateway of the other family after two bytes that name it. */
function nextHop(attributes: Attributes): string | undefined {
  const bytes = attributes.get(5) ?? attributes.get(18)?.subarray(2)
  return bytes === undefined ? undefined : fromBytes(bytes)
}

function destination(bytes: Buffer | undefined, prefix: number, family: Family): string {
  if (bytes === undefined) return prefix === 0 ? 'default' : `0/${prefix}`
  const whole = family === 4 ? 32 : 128
  return prefix === whole ? fromBytes(bytes) : `${fromBytes(bytes)}/${prefix}`
}

/** The neighbours of an RTM_GETNEIGH dump that were ever asked for or told; NOARP entries were not. */
export function readNeighbours(dump: Buffer, deviceName: DeviceName): Neighbour[] {
  return [...messagesOf(dump)].flatMap(({ type, body }) => {
    if (type !== newNeighbour || familyNumbers[body.readUInt8(0)] === undefined) return []
    const bits = body.readUInt16LE(8)
    const state = neighbourStates.find(([bit]) => (bits & bit) !== 0)?.[1]
    const attributes = attributesOf(body, 12)
    const [address, mac] = [attributes.get(1), attributes.get(2)]
    if (state === undefined || address === undefined) return []
    return {
      address: fromBytes(address),
      dev: deviceName(body.readInt32LE(4)),
      state,
      ...(mac === undefined ? {} : { mac: macOf(mac) }),
    }
  })
}

const nameOf = (names: Readonly<Record<number, string>>, number: number) => names[number] ?? String(number)
