/** What stands at the beginning of a captured frame. */
export type LinkType =
  /** Destination, source, type: also the loopback device, whose MACs are zeroes. */
  | 'ethernet'
  /** Nothing: an IPv4 or IPv6 packet, as on a tun device. */
  | 'ip'

/** A captured frame, decoded as far as its bytes reach. Addresses and MACs are in the text form of `ip`. */
export interface Frame {
  /** Captured bytes. */
  readonly length: number
  /** Absent for a packet without link header. */
  readonly ethernet?: EthernetHeader
  readonly packet: Packet
}

export interface EthernetHeader {
  readonly source: string
  readonly target: string
  /** EtherType behind all VLAN tags; below 1536 it is the length of an IEEE 802.3 frame. */
  readonly type: number
  /** VLAN ids (0 to 4095), outermost first. AF_PACKET takes the outermost tag off a received frame. */
  readonly vlans: readonly number[]
}

/** What an Ethernet frame carries. */
export type Packet = Arp | Ipv4 | Ipv6 | Stp | OtherPacket | Malformed

export interface Arp {
  readonly kind: 'arp'
  /** 1 request, 2 reply; others by RFC 826 and its successors. */
  readonly op: number
  readonly senderMac: string
  readonly sender: string
  readonly targetMac: string
  readonly target: string
}

interface Ip {
  readonly source: string
  readonly target: string
  /** Protocol of the transport, behind all extension headers: IANA number. */
  readonly protocol: number
  /** TTL of IPv4, hop limit of IPv6. */
  readonly ttl: number
  /** Bytes of the packet as its header says, more than were captured when the capture cut it. */
  readonly length: number
  readonly fragment?: Fragment
  readonly transport: Transport
}

/** A part of a packet: `size` bytes from `offset` of what the packet carries. */
export interface Fragment {
  readonly id: number
  readonly offset: number
  readonly size: number
  readonly more: boolean
}

export interface Ipv4 extends Ip {
  readonly kind: 'ipv4'
  readonly dontFragment: boolean
}

export interface Ipv6 extends Ip {
  readonly kind: 'ipv6'
}

/** A bridge protocol unit of spanning tree (IEEE 802.1D). */
export interface Stp {
  readonly kind: 'stp'
}

/** An EtherType that is not decoded further. */
export interface OtherPacket {
  readonly kind: 'other-packet'
  /** `LLDP`, `LACP`, …, or the number: `ethertype 0x1234`. */
  readonly name: string
}

export type Layer = 'ethernet' | 'arp' | 'ipv4' | 'ipv6' | 'icmp' | 'icmp6' | 'igmp' | 'tcp' | 'udp' | 'vxlan'

/** Bytes that do not make sense, or that the capture cut off. What was decoded before stays decoded. */
export interface Malformed {
  readonly kind: 'malformed'
  readonly layer: Layer
  readonly why: string
}

/** What an IP packet carries. */
export type Transport =
  | IcmpEcho
  | IcmpError
  | IcmpRedirect
  | NeighbourSolicitation
  | NeighbourAdvertisement
  | RouterSolicitation
  | RouterAdvertisement
  | GroupMembership
  | OtherIcmp
  | Tcp
  | Udp
  | LaterFragment
  | OtherTransport
  | Malformed

/** ICMP and ICMPv6 alike; the packet around it says which. */
export interface IcmpEcho {
  readonly kind: 'echo-request' | 'echo-reply'
  readonly id: number
  readonly seq: number
  /** A view of the captured bytes, not a copy; shorter than sent when the capture cut it. */
  readonly payload: Uint8Array
}

export type IcmpErrorName =
  | 'net-unreachable'
  | 'host-unreachable'
  | 'protocol-unreachable'
  | 'port-unreachable'
  | 'too-big'
  | 'prohibited'
  | 'beyond-scope'
  | 'policy'
  | 'reject-route'
  | 'ttl-exceeded'
  | 'reassembly-timeout'
  | 'parameter-problem'
  | 'unreachable'
  | 'other-error'

/** A router or a host reports that a packet got no further. */
export interface IcmpError {
  readonly kind: 'icmp-error'
  readonly type: number
  readonly code: number
  readonly name: IcmpErrorName
  /** Next-hop MTU in bytes, of `too-big`. */
  readonly mtu?: number
  /** The packet that it is about, as far as it is quoted. */
  readonly quoted: Packet
}

export interface IcmpRedirect {
  readonly kind: 'redirect'
  /** The better next hop. */
  readonly gateway: string
  /** Where the redirected packet was going. */
  readonly destination?: string
}

export interface NeighbourSolicitation {
  readonly kind: 'neighbour-solicitation'
  readonly target: string
  /** Source link-layer address option. */
  readonly mac?: string
}

export interface NeighbourAdvertisement {
  readonly kind: 'neighbour-advertisement'
  readonly target: string
  /** Target link-layer address option. */
  readonly mac?: string
  readonly router: boolean
  readonly solicited: boolean
  readonly override: boolean
}

export interface RouterSolicitation {
  readonly kind: 'router-solicitation'
  readonly mac?: string
}

export interface RouterAdvertisement {
  readonly kind: 'router-advertisement'
  readonly mac?: string
  /** Seconds that the sender serves as default router; 0: not at all. */
  readonly lifetime: number
  /** `fd00:a::/64` */
  readonly prefixes: readonly string[]
}

/** IGMP, and MLD of ICMPv6. */
export interface GroupMembership {
  readonly kind: 'membership'
  readonly protocol: 'igmp' | 'mld'
  readonly what: 'query' | 'report' | 'done'
  /** Multicast addresses; none in a general query. */
  readonly groups: readonly string[]
}

export interface OtherIcmp {
  readonly kind: 'other-icmp'
  readonly type: number
  readonly code: number
}

export interface Tcp {
  readonly kind: 'tcp'
  readonly sourcePort: number
  readonly targetPort: number
  /**
   * As tcpdump writes them: `S` SYN, `F` FIN, `R` RST, `P` PSH, `U` URG, `.` ACK; so `S.` is SYN-ACK. Empty also when a
   * quoted segment was cut before them.
   */
  readonly flags: string
  readonly seq: number
  readonly ack: number
  readonly payload: Uint8Array
}

export interface Udp {
  readonly kind: 'udp'
  readonly sourcePort: number
  readonly targetPort: number
  readonly payload: Uint8Array
  /** The frame inside, when the target port is 4789 (RFC 7348). */
  readonly vxlan?: { readonly vni: number; readonly frame: Frame }
}

/** A fragment other than the first: it has no transport header. */
export interface LaterFragment {
  readonly kind: 'later-fragment'
}

export interface OtherTransport {
  readonly kind: 'other-transport'
  /** `GRE`, `OSPF`, …, or the number: `ip-proto-200`. */
  readonly name: string
}
