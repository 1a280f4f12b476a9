/** Of IP: version 4 or 6. */
export type Family = 4 | 6

/**
 * What a probe speaks. `icmp` is an echo request (ICMPv6 for IPv6), `arp` is an address resolution
 * (ARP, or neighbour discovery for IPv6). TCP and UDP probes exchange a token with an echo service
 * that the harness runs at the target for as long as the probe lasts; with `service: 'own'` the
 * topology's own service must echo it.
 */
export type Protocol =
  | { readonly kind: 'icmp'; readonly size?: number; readonly dontFragment?: boolean }
  | { readonly kind: 'arp' }
  | { readonly kind: 'tcp'; readonly port: number; readonly service?: 'echo' | 'own' }
  | { readonly kind: 'udp'; readonly port: number; readonly service?: 'echo' | 'own' }
  /** A UDP datagram to the subnet's broadcast address (IPv4), or to a group that the target has joined. */
  | { readonly kind: 'broadcast' | 'multicast'; readonly port: number }

/**
 * How a protocol is written in tables and JSON: `icmp`, `icmp/1400` (bytes of payload), `icmp/1400/df` (may not be
 * fragmented), `arp`, `tcp/8080`, `tcp/80/own` (answered by the topology's own service), `multicast/5000`. Probes that
 * do something else have another name.
 */
export function protocolName(protocol: Protocol): string {
  switch (protocol.kind) {
    case 'icmp': {
      const size = protocol.size === undefined ? '' : `/${String(protocol.size)}`
      return `icmp${size}${protocol.dontFragment === true ? '/df' : ''}`
    }
    case 'arp':
      return 'arp'
    case 'tcp':
    case 'udp':
      return `${protocol.kind}/${String(protocol.port)}${protocol.service === 'own' ? '/own' : ''}`
    case 'broadcast':
    case 'multicast':
      return `${protocol.kind}/${String(protocol.port)}`
  }
}

/** One connectivity attempt: from a namespace to an address. */
export interface ProbeSpec {
  /** Namespace id of the source: `node1`, or `node1/ns1` for a named namespace on that host. */
  readonly from: string
  /** Namespace id that should own the address, or the literal address when nobody was named. */
  readonly to: string
  /** Namespace id in which the address lives according to the graph; absent when nobody owns it. */
  readonly owner?: string
  readonly address: string
  readonly family: Family
  readonly protocol: Protocol
}

/** ICMP echo; `size` is the payload in bytes (0 to 65507), `dontFragment` forbids fragmentation on the way. */
export function icmp(options: { readonly size?: number; readonly dontFragment?: boolean } = {}): Protocol {
  return { kind: 'icmp', ...options }
}

/** Address resolution: ARP for IPv4, neighbour discovery for IPv6. */
export const arp: Protocol = { kind: 'arp' }

/** A TCP connection on which a token is sent and echoed. `port`: 1 to 65535. */
export function tcp(port: number, options: { readonly service?: 'echo' | 'own' } = {}): Protocol {
  return { kind: 'tcp', port, ...options }
}

/** A UDP datagram that is echoed. `port`: 1 to 65535. */
export function udp(port: number, options: { readonly service?: 'echo' | 'own' } = {}): Protocol {
  return { kind: 'udp', port, ...options }
}

/** A UDP datagram to the broadcast address of the source's subnet, answered by the target. IPv4 only. */
export function broadcast(port: number): Protocol {
  return { kind: 'broadcast', port }
}

/** A UDP datagram to a multicast group that the target has joined, answered by the target. */
export function multicast(port: number): Protocol {
  return { kind: 'multicast', port }
}
