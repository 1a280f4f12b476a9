import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { dockerInternal } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const host = '192.168.1.10'
const noRoute = blocked('no-route', { at: 'node1/c1' })

// --internal leaves out the default route, and adds rules for those who make one. The bridge has an address of the host all the
// same, by which containers reach the host's stack.
scenario(
  dockerInternal,
  'internal: containers reach each other and the bridge’s own address, until they are in another network',
  {
    claim: k8sIpvlanMacvlan.claim('D4'),
    when: 'bridge, internal',
  },
)
  .expect({
    c1: { c2: reached, '172.30.0.1': reached, [host]: noRoute, node2: noRoute },
    node1: { c1: reached },
  })
  .until(
    'c1 is connected to an ordinary network as well',
    ({ node1 }) => docker(node1).connect('open', 'c1'),
    ({ node1 }) => docker(node1).disconnect('open', 'c1'),
  )
  .expect({ c1: { c2: reached, [host]: reached, node2: reached } })
  .andBack()
  .given(
    'c2 makes itself a default route',
    ({ node1: { $ } }) => $`ip netns exec c2 ip route add default via 172.30.0.1`,
  )
  .expect({ c2: { node2: blocked('netfilter-drop', { at: 'node1' }), [host]: reached } })
