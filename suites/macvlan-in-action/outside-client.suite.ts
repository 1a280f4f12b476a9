import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// The request always arrives: the gateway knows the LAN. It is the answer that needs the gateway, and a fresh namespace has
// nothing but its own subnet.
scenario(macvlanBridge, 'an outside client reaches ns1 only once ns1 has a default route', {
  claim: macvlanInAction.claim('A6'),
})
  .expect({ client: { ns1: blocked('no-return-route', { at: 'node1/ns1' }) } })
  .until(
    'ns1 gets a default route',
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route add default via 192.168.1.1 dev mac1`,
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route del default`,
  )
  .expect({ client: { ns1: reached, ns2: blocked('no-return-route', { at: 'node1/ns2' }) } })
  .andBack()

// The other direction fails earlier, and says so: the stack refuses before anything is sent.
scenario(macvlanBridge, 'ns1 reaches an outside client only once ns1 has a default route')
  .expect({ ns1: { client: blocked('no-route', { at: 'node1/ns1' }) } })
  .until(
    'ns1 gets a default route',
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route add default via 192.168.1.1 dev mac1`,
    ({ node1: { $ } }) => $`ip netns exec ns1 ip route del default`,
  )
  .expect({ ns1: { client: reached } })
  .andBack()
