import { expect, test } from 'vitest'
import { broadcast, icmp, protocolName, tcp, udp } from './probe.ts'

test('probes that do something else have another name', () => {
  const probes = [
    icmp(),
    icmp({ dontFragment: true }),
    icmp({ size: 1400 }),
    icmp({ size: 1400, dontFragment: true }),
    tcp(80),
    tcp(80, { service: 'own' }),
    udp(80),
    udp(80, { service: 'own' }),
    broadcast(80),
  ]
  expect(probes.map(protocolName)).toEqual([
    'icmp',
    'icmp/df',
    'icmp/1400',
    'icmp/1400/df',
    'tcp/80',
    'tcp/80/own',
    'udp/80',
    'udp/80/own',
    'broadcast/80',
  ])
})

test('what is the default has no mark', () => {
  expect([icmp({ dontFragment: false }), tcp(80, { service: 'echo' })].map(protocolName)).toEqual(['icmp', 'tcp/80'])
})
