import { attributeList, attributesOf, macOf, numberOf, type Attributes } from './messages.ts'

/** What a device's kind says of itself, in the words of `ip -d link`. */
export type KindData = Readonly<Record<string, unknown>>

/** enum macvlan_mode (linux/if_link.h). */
const macvlanModes: Readonly<Record<number, string>> = {
  1: 'private',
  2: 'vepa',
  4: 'bridge',
  8: 'passthru',
  16: 'source',
}
/** enum ipvlan_mode (linux/if_link.h). */
const ipvlanModes = ['l2', 'l3', 'l3s']
const bondModes = ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb']

function macvlan(data: Attributes): KindData {
  const allowed = [...attributeList(data.get(5) ?? Buffer.alloc(0))].map(([, mac]) => macOf(mac))
  return {
    mode: macvlanModes[numberOf(data.get(1)) ?? 0] ?? 'unknown',
    ...(((numberOf(data.get(2)) ?? 0) & 1) === 0 ? {} : { nopromisc: true }),
    ...(allowed.length === 0 ? {} : { macaddr_data: allowed }),
  }
}

function ipvlan(data: Attributes): KindData {
  const flags = numberOf(data.get(2)) ?? 0
  return {
    mode: ipvlanModes[numberOf(data.get(1)) ?? 0] ?? 'unknown',
    flags: (flags & 1) !== 0 ? 'private' : (flags & 2) !== 0 ? 'vepa' : 'bridge',
  }
}

/** A number that is the first attribute of its kind. */
const first =
  (name: string) =>
  (data: Attributes): KindData => ({ [name]: numberOf(data.get(1)) })

const readers: Readonly<Record<string, (data: Attributes) => KindData>> = {
  macvlan,
  macvtap: macvlan,
  ipvlan,
  ipvtap: ipvlan,
  bond: (data) => ({ mode: bondModes[numberOf(data.get(1)) ?? 0] ?? 'unknown' }),
  vlan: first('id'),
  vxlan: first('id'),
  geneve: first('id'),
  vrf: first('table'),
}

/** What of IFLA_INFO_DATA decides who reaches whom; of other kinds nothing does. */
export function kindData(kind: string | undefined, data: Buffer | undefined): KindData {
  return (kind === undefined ? undefined : readers[kind])?.(attributesOf(data)) ?? {}
}
