import type { IcmpError, Packet } from './frame-types.ts'

/** An ICMP error, in tcpdump's words for IPv4. */
export function describeError4({ name, type, code, mtu, quoted }: IcmpError): string {
  const { target, protocol, port } = about(quoted)
  switch (name) {
    case 'net-unreachable':
      return `net ${target} unreachable`
    case 'host-unreachable':
      return `host ${target} unreachable`
    case 'protocol-unreachable':
      return `${target} protocol ${protocol} unreachable`
    case 'port-unreachable':
      return `${target} ${port} unreachable`
    case 'too-big':
      return `${target} unreachable - need to frag (mtu ${mtu ?? 0})`
    case 'prohibited':
      return `${code === 9 ? 'net' : 'host'} ${target} unreachable - admin prohibited${code === 13 ? ' filter' : ''}`
    case 'ttl-exceeded':
      return 'time exceeded in-transit'
    case 'reassembly-timeout':
      return 'ip reassembly time exceeded'
    case 'parameter-problem':
      return 'parameter problem'
    case 'beyond-scope':
    case 'policy':
    case 'reject-route':
    case 'unreachable':
    case 'other-error':
      return `${target} unreachable, type ${type}, code ${code}`
  }
}

/** An ICMPv6 error, in tcpdump's words for IPv6. */
export function describeError6({ name, type, code, mtu, quoted }: IcmpError): string {
  const { target, port } = about(quoted)
  switch (name) {
    case 'net-unreachable':
      return `destination unreachable, unreachable route ${target}`
    case 'host-unreachable':
      return `destination unreachable, unreachable address ${target}`
    case 'port-unreachable':
      return `destination unreachable, unreachable port, ${target} ${port}`
    case 'prohibited':
      return `destination unreachable, unreachable prohibited ${target}`
    case 'beyond-scope':
      return `destination unreachable, beyond scope ${target}`
    case 'policy':
      return `destination unreachable, source address fails policy, ${target}`
    case 'reject-route':
      return `destination unreachable, reject route ${target}`
    case 'too-big':
      return `packet too big, mtu ${mtu ?? 0}`
    case 'ttl-exceeded':
      return `time exceeded in-transit for ${target}`
    case 'reassembly-timeout':
      return `reassembly time exceeded for ${target}`
    case 'parameter-problem':
      return 'parameter problem'
    case 'protocol-unreachable':
    case 'unreachable':
    case 'other-error':
      return `error about ${target}, type ${type}, code ${code}`
  }
}

function about(quoted: Packet): { target: string; protocol: number | string; port: string } {
  if (quoted.kind !== 'ipv4' && quoted.kind !== 'ipv6') return { target: '?', protocol: '?', port: 'port ?' }
  const { target, protocol, transport } = quoted
  const hasPorts = transport.kind === 'tcp' || transport.kind === 'udp'
  return { target, protocol, port: hasPorts ? `${transport.kind} port ${transport.targetPort}` : 'port ?' }
}
