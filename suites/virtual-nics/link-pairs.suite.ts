import { reached, type Graph } from 'netwright'
import { scenario } from 'netwright/vitest'
import {
  bridgePair,
  ifbPair,
  macvlanPair,
  macvtapPair,
  vethPair,
  vxlanPair,
} from '../../fixtures/topologies/link-types.ts'
import { virtualNics } from './claims.ts'

const claim = virtualNics.claim('B1')

// A type that can be created may still carry nothing: where two ends can be joined, a packet has to cross.
for (const [type, topology] of Object.entries({
  veth: vethPair,
  bridge: bridgePair,
  macvlan: macvlanPair,
  macvtap: macvtapPair,
})) {
  scenario(topology, `${type} devices can be created and carry a packet`, { claim, when: type })
    .expect({ ns1: { ns2: reached } })
    .finding(`the kernel shows a device of type ${type}`, ({ graph }) => shows(type, graph))
}

scenario(vxlanPair, 'vxlan devices can be created and carry a packet', { claim, when: 'vxlan' })
  .expect({ host: { '10.0.0.2': reached }, outside: { '10.0.0.1': reached } })
  .finding('the kernel shows a device of type vxlan', ({ graph }) => shows('vxlan', graph))

// An ifb has no wire: it is a detour on which queueing disciplines can work on what comes in.
scenario(ifbPair, 'ifb devices can be created and carry a packet', { claim, when: 'ifb' })
  .expect({ ns1: { ns2: reached } })
  .finding('the packets went by way of ifb0', async ({ hosts }) => {
    const counted = await hosts.host.$`ip netns exec ns2 ip -s link show ifb0`
    const [packets = 0] = /TX:.*\n\s+\d+\s+(\d+)/.exec(counted.stdout)?.slice(1).map(Number) ?? []
    return { holds: packets > 0, found: `ifb0 sent ${packets} packets` }
  })

async function shows(type: string, graph: () => Promise<Graph>) {
  const devices = (await graph()).namespaces.flatMap((ns) =>
    ns.interfaces.map((i) => ({ at: `${ns.id} ${i.name}`, ...i })),
  )
  const made = devices.filter((i) => i.kind === type)
  return { holds: made.length > 0, found: made.map((i) => `${i.at}, MTU ${i.mtu}`).join('; ') }
}
