import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// Children take over their parent's state: without carrier nothing leaves them, not even to a sibling that needs no wire
// (netif_stacked_transfer_operstate).
const stopped = blocked('link-down', { at: 'node1 ens160' })

scenario(macvlanBridge, 'no child works with its parent down', { claim: macvlanInAction.claim('A8') })
  .expect({ ns1: { ns2: reached, node2: reached }, ns2: { ns1: reached }, node2: { ns1: reached, ns2: reached } })
  .until(
    'ens160 is set down',
    ({ node1: { $ } }) => $`ip link set ens160 down`,
    ({ node1: { $ } }) => $`ip link set ens160 up`,
  )
  .expect({ ns1: { ns2: stopped, node2: stopped }, ns2: { ns1: stopped }, node2: { ns1: stopped, ns2: stopped } })
  .andBack()

// The children need nothing to come back, as their own links were never set down. The node itself has lost its default route.
scenario(macvlanBridge, 'the node does not get its default route back with its parent device')
  .expect({ node1: { node2: reached, client: reached } })
  .until(
    'ens160 has been down and up again',
    async ({ node1: { $ } }) => {
      await $`ip link set ens160 down`
      await $`ip link set ens160 up`
    },
    ({ node1: { $ } }) => $`ip route add default via 192.168.1.1`,
  )
  .expect({ node1: { node2: reached, client: blocked('no-route', { at: 'node1' }) }, ns1: { node2: reached } })
  .andBack()
