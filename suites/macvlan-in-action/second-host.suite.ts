import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// Seen from the LAN a child is a host like any other; only its own node cannot see it (A7).
scenario(macvlanBridge, 'a child reaches the other node', { claim: macvlanInAction.claim('A4') })
  .expect({ ns1: { node2: reached } })
  .until(
    'node2 leaves the LAN',
    ({ node2: { $ } }) => $`ip link set ens160 down`,
    ({ node2: { $ } }) => $`ip link set ens160 up`,
  )
  .expect({ ns1: { node2: blocked('link-down', { at: 'node2 ens160' }) } })
  .andBack()

scenario(macvlanBridge, 'the other node and the gateway reach the children').expect({
  node2: { ns1: reached, ns2: reached, node1: reached },
  gw: { ns1: reached, ns2: reached },
})
