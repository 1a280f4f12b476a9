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

/** How a protocol is written in tables and JSON: `icmp`, `arp`, `tcp/8080`, `udp/53`. */
export function protocolName(protocol: Protocol): string {
  switch (protocol.kind) {
    case 'icmp':
      return protocol.size === undefined ? 'icmp' : `icmp/${String(protocol.size)}`
    case 'arp':
      return 'arp'
    case 'tcp':
    case 'udp':
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
