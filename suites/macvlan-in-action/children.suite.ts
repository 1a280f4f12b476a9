import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// In bridge mode the driver hands frames from child to child itself; the wire is not asked (macvlan_queue_xmit).
scenario(macvlanBridge, 'children of one parent reach each other', { claim: macvlanInAction.claim('A3') }).expect({
  ns1: { ns2: reached },
  ns2: { ns1: reached },
})

// With nobody else on the LAN they still hear each other. (A LAN that is not there at all is another matter: A8.)
scenario(macvlanBridge, 'children need nobody else to reach each other', {
  claim: macvlanInAction.claim('A3'),
  when: 'the LAN empty',
})
  .given('the gateway and node2 leave the LAN', async ({ gw, node2 }) => {
    await gw.$`ip link set eth0 down`
    await node2.$`ip link set ens160 down`
  })
  .expect({ ns1: { ns2: reached, node2: blocked('link-down', { at: 'node2 ens160' }) }, ns2: { ns1: reached } })
