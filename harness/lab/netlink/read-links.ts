import { fromBytes } from '../../model/addresses.ts'
import { kindData, type KindData } from './link-kinds.ts'
import { attributesOf, macOf, messagesOf, numberOf, textOf, type Attributes } from './messages.ts'

/** A device as RTM_NEWLINK tells it, its parent still by number. */
export interface RawLink {
  readonly index: number
  readonly name: string
  /** As in {@link Interface.kind} of the model. */
  readonly kind: string
  readonly up: boolean
  readonly flags: readonly string[]
  readonly operstate: string
  readonly mac: string
  readonly mtu: number
  /** Index of the parent or peer (IFLA_LINK). */
  readonly parent?: number
  /** Namespace that the parent's index belongs to, by the number this one knows it by; absent: this namespace. */
  readonly parentNsid?: number
  readonly master?: number
  readonly port?: { readonly state: string; readonly hairpin: boolean }
  readonly data: KindData
  /** Settings of the device by their name below `net`, such as `ipv4/conf/eth0/rp_filter`. */
  readonly settings: Readonly<Record<string, string>>
}

const newLink = 16
const operstates = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP']
const portStates = ['disabled', 'listening', 'learning', 'forwarding', 'blocking']

/** Flags of linux/if.h in the order in which `ip` prints them. */
const flagNames: readonly (readonly [number, string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x4, 'DEBUG'],
  [0x8000, 'DYNAMIC'],
  [0x4000, 'AUTOMEDIA'],
  [0x2000, 'PORTSEL'],
  [0x20, 'NOTRAILERS'],
  [0x1, 'UP'],
  [0x10000, 'LOWER_UP'],
  [0x20000, 'DORMANT'],
  [0x40000, 'ECHO'],
]
const isUp = 0x1
const isRunning = 0x40

/** Names of hardware types (linux/if_arp.h) as `ip` prints them, for devices that have no kind. */
const hardwareTypes: Readonly<Record<number, string>> = {
  1: 'ether',
  32: 'infiniband',
  280: 'can',
  768: 'ipip',
  769: 'tunnel6',
  772: 'loopback',
  776: 'sit',
  778: 'gre',
  801: 'ieee802.11',
  804: 'ieee802.15.4',
  823: 'gre6',
  824: 'netlink',
  825: '6lowpan',
  65534: 'none',
}
/** Types whose hardware address is the tunnel's own IP address. */
const addressedByIp: ReadonlySet<number> = new Set([768, 769, 776, 778, 823])

/** Position of a setting in IFLA_INET_CONF: IPV4_DEVCONF_… of linux/ip.h, less one. */
const settings4 = { forwarding: 0, proxy_arp: 2, rp_filter: 7, arp_filter: 12, arp_ignore: 18 }
/** Position in IFLA_INET6_CONF: DEVCONF_… of linux/ipv6.h. */
const settings6 = { proxy_ndp: 22, disable_ipv6: 26 }

/** The devices of an RTM_GETLINK dump. */
export function readLinks(dump: Buffer): RawLink[] {
  return [...messagesOf(dump)].filter(({ type }) => type === newLink).map(({ body }) => readLink(body))
}

function readLink(body: Buffer): RawLink {
  const [hardware, index, bits] = [body.readUInt16LE(2), body.readInt32LE(4), body.readUInt32LE(8)]
  const attributes = attributesOf(body, 16)
  const name = textOf(attributes.get(3)) ?? ''
  const info = attributesOf(attributes.get(18))
  const kind = textOf(info.get(1))
  const parent = numberOf(attributes.get(5))
  const parentNsid = attributes.get(37)?.readInt32LE(0)
  const master = numberOf(attributes.get(10))
  const noCarrier = (bits & isUp) !== 0 && (bits & isRunning) === 0
  return {
    index,
    name,
    kind: kind ?? hardwareTypes[hardware] ?? `[${hardware}]`,
    up: (bits & isUp) !== 0,
    flags: [
      ...(noCarrier ? ['NO-CARRIER'] : []),
      ...flagNames.flatMap(([bit, flag]) => ((bits & bit) === 0 ? [] : flag)),
    ],
    operstate: operstates[numberOf(attributes.get(16)) ?? 0] ?? 'UNKNOWN',
    mac: hardwareAddress(attributes.get(1), hardware),
    mtu: numberOf(attributes.get(4)) ?? 0,
    // Zero: a tunnel that is bound to no device.
    ...(parent === undefined || parent === 0 ? {} : { parent }),
    ...(parentNsid === undefined ? {} : { parentNsid }),
    ...(master === undefined ? {} : { master }),
    ...(textOf(info.get(4)) === 'bridge' ? { port: readPort(attributesOf(info.get(5))) } : {}),
    data: kindData(kind, info.get(2)),
    settings: readSettings(name, attributesOf(attributes.get(26))),
  }
}

function hardwareAddress(bytes: Buffer | undefined, hardware: number): string {
  if (bytes === undefined) return ''
  const isIp = addressedByIp.has(hardware) && (bytes.length === 4 || bytes.length === 16)
  return isIp ? fromBytes(bytes) : macOf(bytes)
}

/** IFLA_BRPORT_STATE and IFLA_BRPORT_MODE. */
function readPort(port: Attributes) {
  return { state: portStates[numberOf(port.get(1)) ?? -1] ?? 'unknown', hairpin: numberOf(port.get(4)) === 1 }
}

/** IFLA_AF_SPEC: the settings of each family that the device takes part in. */
function readSettings(name: string, families: Attributes): Record<string, string> {
  const found: Record<string, string> = {}
  const take = (family: string, values: Buffer | undefined, positions: Readonly<Record<string, number>>) => {
    for (const [setting, position] of Object.entries(positions)) {
      if (values === undefined || values.length < 4 * position + 4) continue
      found[`${family}/conf/${name}/${setting}`] = String(values.readInt32LE(4 * position))
    }
  }
  take('ipv4', attributesOf(families.get(2)).get(1), settings4)
  take('ipv6', attributesOf(families.get(10)).get(2), settings6)
  return found
}
