import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { childrenAreIn, macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { virtualNics } from './claims.ts'

// By IPv4 and ICMP, as the document asks. The same labs by IPv6, TCP and UDP: beyond/ipv6 and beyond/transport.
const claim = virtualNics.claim('B4')
const isolated = blocked('macvlan-parent-isolation', { at: 'host eth0' })
const unreflected = blocked('vepa-not-reflected', { at: 'wire:lan host-eth0' })

// Children leave switching to the switch, which by default never sends a frame back where it came from.
scenario(macvlanChildren('vepa'), 'vepa mode: children do not talk past a plain switch', {
  claim,
  when: 'hairpin off',
}).expect({
  ns1: { ns2: unreflected, outside: reached, host: isolated },
  ns2: { ns1: unreflected },
  host: { ns1: isolated },
})

// The switch that makes vepa children talk makes them talk to the parent's own stack, too.
scenario(macvlanChildren('vepa', 'hairpin on'), 'vepa mode: children talk by way of a reflecting switch', {
  claim,
  when: 'hairpin on',
})
  .expect({ ns1: { ns2: reached, outside: reached, host: reached }, ns2: { ns1: reached }, host: { ns1: reached } })
  .finding('both children are in vepa mode', childrenAreIn('vepa'))
