import { describeError4, describeError6 } from './frame-error-text.ts'
import type { Frame, GroupMembership, Ipv4, Ipv6, Packet, Tcp, Transport } from './frame-types.ts'

/**
 * A frame in one line, in the words of `tcpdump -ntS`.
 *
 * @example
 * describeFrame(decodeFrame(bytes)) // 'ARP who-has 10.0.0.2 tell 10.0.0.1'
 * describeFrame(decodeFrame(bytes)) // 'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1'
 */
export function describeFrame(frame: Frame): string {
  const tags = frame.ethernet?.vlans.map((vlan) => `vlan ${vlan}, `).join('') ?? ''
  return tags + describePacket(frame.packet)
}

function describePacket(packet: Packet): string {
  switch (packet.kind) {
    case 'arp':
      if (packet.op === 1) return `ARP who-has ${packet.target} tell ${packet.sender}`
      if (packet.op === 2) return `ARP ${packet.sender} is-at ${packet.senderMac}`
      return `ARP operation ${packet.op}, ${packet.sender} to ${packet.target}`
    case 'ipv4':
    case 'ipv6':
      return describeIp(packet)
    case 'stp':
      return 'STP'
    case 'other-packet':
      return packet.name
    case 'malformed':
      return `malformed ${packet.layer}: ${packet.why}`
  }
}

function describeIp(packet: Ipv4 | Ipv6): string {
  const { transport, fragment } = packet
  const name = packet.kind === 'ipv4' ? 'IP' : 'IP6'
  const hasPorts = transport.kind === 'tcp' || transport.kind === 'udp'
  const [from, to] = hasPorts ? [`.${transport.sourcePort}`, `.${transport.targetPort}`] : ['', '']
  const part = fragment === undefined ? '' : `frag (${fragment.offset}|${fragment.size}) `
  return `${name} ${packet.source}${from} > ${packet.target}${to}: ${part}${describeTransport(transport, packet)}`.trimEnd()
}

function describeTransport(transport: Transport, packet: Ipv4 | Ipv6): string {
  const icmp = packet.kind === 'ipv4' ? 'ICMP ' : 'ICMP6, '
  switch (transport.kind) {
    case 'echo-request':
      return `${icmp}echo request, id ${transport.id}, seq ${transport.seq}`
    case 'echo-reply':
      return `${icmp}echo reply, id ${transport.id}, seq ${transport.seq}`
    case 'icmp-error':
      return icmp + (packet.kind === 'ipv4' ? describeError4(transport) : describeError6(transport))
    case 'redirect': {
      const [comma, host] = packet.kind === 'ipv4' ? ['', 'host '] : [',', '']
      return `${icmp}redirect${comma} ${transport.destination ?? '?'} to ${host}${transport.gateway}`
    }
    case 'neighbour-solicitation':
      return `${icmp}neighbor solicitation, who has ${transport.target}`
    case 'neighbour-advertisement':
      return `${icmp}neighbor advertisement, tgt is ${transport.target}`
    case 'router-solicitation':
      return `${icmp}router solicitation`
    case 'router-advertisement':
      return `${icmp}router advertisement`
    case 'membership':
      return describeMembership(transport)
    case 'other-icmp':
      return `${icmp}type ${transport.type}, code ${transport.code}`
    case 'tcp':
      return describeTcp(transport)
    case 'udp': {
      const { vxlan } = transport
      if (vxlan !== undefined) return `VXLAN, vni ${vxlan.vni}: ${describeFrame(vxlan.frame)}`
      return `UDP, length ${transport.payload.length}`
    }
    case 'later-fragment':
      return ''
    case 'other-transport':
      return transport.name
    case 'malformed':
      return describePacket(transport)
  }
}

function describeTcp({ flags, seq, ack, payload }: Tcp): string {
  const parts = [`Flags [${flags || 'none'}]`]
  if (payload.length > 0) parts.push(`seq ${seq}:${(seq + payload.length) % 0x1_0000_0000}`)
  else if (/[SFR]/.test(flags)) parts.push(`seq ${seq}`)
  if (flags.includes('.')) parts.push(`ack ${ack}`)
  return [...parts, `length ${payload.length}`].join(', ')
}

function describeMembership({ protocol, what, groups }: GroupMembership): string {
  const words = protocol === 'igmp' ? `igmp ${what}` : `ICMP6, multicast listener ${what}`
  return [words, ...groups].join(' ')
}
