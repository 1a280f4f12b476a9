import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { virtualNics } from './claims.ts'

// By IPv4 and ICMP, as the document asks. The same labs by IPv6, TCP and UDP: beyond/ipv6 and beyond/transport.
const claim = virtualNics.claim('B4')
const apart = blocked('private-mode', { at: 'host eth0' })

scenario(macvlanChildren('private'), 'private mode: children never talk', { claim, when: 'hairpin off' }).expect({
  ns1: { ns2: apart, outside: reached, host: blocked('macvlan-parent-isolation', { at: 'host eth0' }) },
  ns2: { ns1: apart },
  outside: { ns1: reached },
})

// Not even a reflecting switch makes private children hear each other's question: a broadcast that comes back is handed
// to its sender alone. That holds for the parent's stack as a target as well, yet not in the other direction: the
// parent's question is nobody's child's, so ns1 hears it, answers, and the switch reflects the answer.
scenario(macvlanChildren('private', 'hairpin on'), 'private mode: children do not talk past a reflecting switch', {
  claim,
  when: 'hairpin on',
}).expect({
  ns1: { ns2: apart, outside: reached, host: apart },
  ns2: { ns1: apart },
  host: { ns1: reached },
})
