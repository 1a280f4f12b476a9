import { reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import {
  bondPair,
  bridgePair,
  hsrPair,
  ifbPair,
  ipvlanPair,
  macsecPair,
  macvlanPair,
  macvtapPair,
  vethPair,
  vlanPair,
  vrfPair,
} from '../../fixtures/topologies/link-types.ts'
import { virtualNics } from './claims.ts'
import { fromNameAlone, showsLink } from './shows-link.ts'

const claim = virtualNics.claim('B1')

// A type that can be created may still carry nothing: where two ends can be joined, a packet has to cross.
for (const [type, topology] of Object.entries({
  bond: bondPair,
  bridge: bridgePair,
  hsr: hsrPair,
  ipvlan: ipvlanPair,
  macsec: macsecPair,
  macvlan: macvlanPair,
  macvtap: macvtapPair,
  veth: vethPair,
  vlan: vlanPair,
})) {
  scenario(topology, `${type} devices can be created and carry a packet`, { claim, when: type })
    .expect({ ns1: { ns2: reached } })
    .finding(`the kernel shows a device of type ${type}`, showsLink(type))
    .finding(...fromNameAlone(type))
}

// An ifb has no wire: it is a detour on which queueing disciplines can work on what comes in.
scenario(ifbPair, 'ifb devices can be created and carry a packet', { claim, when: 'ifb' })
  .expect({ ns1: { ns2: reached } })
  .finding('the packets went by way of ifb0', async ({ hosts }) => {
    const counted = await hosts.host.$`ip netns exec ns2 ip -s link show ifb0`
    const [packets = 0] = /TX:.*\n\s+\d+\s+(\d+)/.exec(counted.stdout)?.slice(1).map(Number) ?? []
    return { holds: packets > 0, found: `ifb0 sent ${packets} packets` }
  })

// A vrf is a routing domain: what comes in at its members is answered there, and who does not ask by the vrf has none of
// its routes. (An expectation would not do: a verdict knows of routes in other tables, not of who may use them.)
scenario(vrfPair, 'vrf devices can be created and carry a packet', { claim, when: 'vrf' })
  .expect({ ns1: { ns2: reached } })
  .finding('only `ping -I vrf0` finds the way', async ({ hosts }) => {
    const $ = hosts.host.$({ nothrow: true })
    const plain = await $`ip netns exec ns2 ping -c 1 -W 5 10.0.0.1`
    const bound = await $`ip netns exec ns2 ping -c 1 -W 5 -I vrf0 10.0.0.1`
    const summary = bound.stdout.split('\n').find((line) => line.includes('packets transmitted')) ?? bound.stderr
    const isUnreachable = plain.stderr.includes('Network is unreachable')
    return { holds: isUnreachable && bound.exitCode === 0, found: `plain: ${plain.stderr.trim()}; by vrf0: ${summary}` }
  })
