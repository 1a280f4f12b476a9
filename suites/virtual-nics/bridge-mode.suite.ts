import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { childrenAreIn, macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { virtualNics } from './claims.ts'

// By IPv4 and ICMP, as the document asks. The same labs by IPv6, TCP and UDP: beyond/ipv6 and beyond/transport.
const claim = virtualNics.claim('B4')
const isolated = blocked('macvlan-parent-isolation', { at: 'host eth0' })

scenario(macvlanChildren('bridge'), 'bridge mode: children talk, never to the parent', {
  claim,
  when: 'hairpin off',
}).expect({
  ns1: { ns2: reached, outside: reached, host: isolated },
  host: { ns1: isolated },
})

// "Never to the parent" is a property of the switch, not of the kernel: what the parent sends for a child leaves by the
// wire, and a port that reflects frames brings it back in where the child's frames come in as well, and vice versa.
scenario(macvlanChildren('bridge', 'hairpin on'), 'bridge mode: a reflecting switch joins children and parent', {
  claim,
  when: 'hairpin on',
})
  .expect(
    { ns1: { ns2: reached, outside: reached, host: reached }, host: { ns1: reached } },
    { documentSays: { ns1: { host: isolated }, host: { ns1: isolated } } },
  )
  .finding('both children are in bridge mode', childrenAreIn('bridge'))
