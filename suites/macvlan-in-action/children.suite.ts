import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// In bridge mode the driver hands frames from child to child itself; the wire is not asked (macvlan_queue_xmit).
scenario(macvlanBridge, 'children of one parent reach each other', { claim: macvlanInAction.claim('A3') }).expect({
  ns1: { ns2: reached },
  ns2: { ns1: reached },
})

// That it is the driver that switches, and not the switch, shows where the switch's port is taken away from ens160: the
// children still hear each other, and nobody else.
scenario(macvlanBridge, 'children need no switch to reach each other', {
  claim: macvlanInAction.claim('A3'),
  when: 'a deaf gateway',
})
  .given('the gateway and node2 are off', async ({ gw, node2 }) => {
    await gw.$`ip link set eth0 down`
    await node2.$`ip link set ens160 down`
  })
  .expect({ ns1: { ns2: reached, node2: blocked('link-down', { at: 'node2 ens160' }) }, ns2: { ns1: reached } })
