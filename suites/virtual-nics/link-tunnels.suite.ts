import { reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import {
  genevePair,
  grePair,
  gretapPair,
  ip6grePair,
  ip6gretapPair,
  ip6tnlPair,
  ipipPair,
  sitPair,
  vtiPair,
  vxlanPair,
} from '../../fixtures/topologies/tunnel-types.ts'
import { virtualNics } from './claims.ts'
import { fromNameAlone, showsLink } from './shows-link.ts'

const claim = virtualNics.claim('B1')
const ipv6 = ['ipv6'] as const

// Two hosts, one tunnel: the inner addresses have to answer, both ways.
for (const [type, topology] of Object.entries({
  geneve: genevePair,
  gre: grePair,
  gretap: gretapPair,
  ip6gre: ip6grePair,
  ip6gretap: ip6gretapPair,
  ipip: ipipPair,
  vti: vtiPair,
  vxlan: vxlanPair,
})) {
  const needs = type.startsWith('ip6') ? ipv6 : []
  const tunnel = scenario(topology, `${type} devices can be created and carry a packet`, { claim, when: type, needs })
    .expect({ host: { '10.0.0.2': reached }, outside: { '10.0.0.1': reached } })
    .finding(`the kernel shows a device of type ${type}`, showsLink(type))
  if (type === 'geneve' || type === 'vxlan') tunnel.finding(...fromNameAlone(type))
}

// By these IPv6 packets only: sit by its nature, ip6tnl unless it is given another mode.
for (const [type, topology] of Object.entries({ ip6tnl: ip6tnlPair, sit: sitPair })) {
  scenario(topology, `${type} devices can be created and carry a packet`, { claim, when: type, needs: ipv6 })
    .expect({ host: { 'fd01::2': reached }, outside: { 'fd01::1': reached } })
    .finding(`the kernel shows a device of type ${type}`, showsLink(type))
}
