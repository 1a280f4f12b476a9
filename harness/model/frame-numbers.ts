import type { IcmpErrorName } from './frame-types.ts'
import type { Family } from './probe.ts'

/** EtherTypes that are named but not decoded (IEEE, include/uapi/linux/if_ether.h). */
const etherTypes: ReadonlyMap<number, string> = new Map([
  [0x0842, 'Wake-on-LAN'],
  [0x8035, 'RARP'],
  [0x6558, 'TEB'],
  [0x8808, 'PAUSE'],
  [0x8809, 'LACP'],
  [0x8847, 'MPLS'],
  [0x8863, 'PPPoE discovery'],
  [0x8864, 'PPPoE'],
  [0x888e, 'EAPOL'],
  [0x88ca, 'TIPC'],
  [0x88cc, 'LLDP'],
  [0x88e5, 'MACsec'],
  [0x88f7, 'PTP'],
  [0x88fb, 'PRP'],
  [0x892f, 'HSR'],
  [0x9000, 'loopback test'],
])

export function etherTypeName(type: number): string {
  if (type < 0x600) return 'LLC'
  return etherTypes.get(type) ?? `ethertype 0x${type.toString(16).padStart(4, '0')}`
}

/** IP protocols that are named but not decoded (IANA). */
const protocols: ReadonlyMap<number, string> = new Map([
  [4, 'IPIP'],
  [41, 'IPv6 in IP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [59, 'no next header'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [112, 'VRRP'],
  [132, 'SCTP'],
  [136, 'UDP-Lite'],
])

export function protocolNumberName(protocol: number): string {
  return protocols.get(protocol) ?? `ip-proto-${protocol}`
}

/** Codes of ICMP "destination unreachable" (RFC 792, RFC 1122, RFC 1812). */
const unreachable4: readonly IcmpErrorName[] = [
  'net-unreachable',
  'host-unreachable',
  'protocol-unreachable',
  'port-unreachable',
  'too-big',
  'unreachable',
  'net-unreachable',
  'host-unreachable',
  'unreachable',
  'prohibited',
  'prohibited',
  'net-unreachable',
  'host-unreachable',
  'prohibited',
]

/** Codes of ICMPv6 "destination unreachable" (RFC 4443, 3.1). */
const unreachable6: readonly IcmpErrorName[] = [
  'net-unreachable',
  'prohibited',
  'beyond-scope',
  'host-unreachable',
  'port-unreachable',
  'policy',
  'reject-route',
]

/** The name of an ICMP error, or `undefined` when the type is no error. A redirect is none. */
export function icmpErrorName(family: Family, type: number, code: number): IcmpErrorName | undefined {
  if (family === 6) {
    if (type === 1) return unreachable6[code] ?? 'unreachable'
    if (type === 2) return 'too-big'
    if (type === 3) return code === 0 ? 'ttl-exceeded' : 'reassembly-timeout'
    if (type === 4) return 'parameter-problem'
    return type < 128 ? 'other-error' : undefined
  }
  if (type === 3) return unreachable4[code] ?? 'unreachable'
  if (type === 4) return 'other-error'
  if (type === 11) return code === 0 ? 'ttl-exceeded' : 'reassembly-timeout'
  return type === 12 ? 'parameter-problem' : undefined
}
