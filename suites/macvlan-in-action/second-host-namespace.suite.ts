import { accepted, blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanTwoHosts } from '../../fixtures/topologies/macvlan-two-hosts.ts'
import { macvlanInAction } from './claims.ts'

// mac1 has moved: node2 itself has no such device any more, and the device that is meant stays down in ns1.
scenario(macvlanTwoHosts, 'node2 sets mac1 up after it moved to ns1', {
  claim: macvlanInAction.claim('A5'),
  when: 'the command typed on node2, as printed',
})
  .finding(
    '`ip link set dev mac1 up`, typed on node2, sets mac1 up',
    ({ hosts: { node2 } }) => accepted(node2.$`ip link set dev mac1 up`, /Cannot find device "mac1"/),
    { expected: false },
  )
  .expect(
    { 'node1/ns1': { 'node2/ns1': blocked('link-down', { at: 'node2/ns1 mac1' }) } },
    { documentSays: { 'node1/ns1': { 'node2/ns1': reached } } },
  )

scenario(macvlanTwoHosts, 'children of two nodes reach each other once both are up', {
  claim: macvlanInAction.claim('A5'),
  when: 'the command typed inside ns1',
})
  .expect({ 'node1/ns1': { 'node2/ns1': blocked('link-down', { at: 'node2/ns1 mac1' }) } })
  .until(
    'mac1 is set up inside ns1 of node2',
    ({ node2: { $ } }) => $`ip netns exec ns1 ip link set dev mac1 up`,
    ({ node2: { $ } }) => $`ip netns exec ns1 ip link set dev mac1 down`,
  )
  .expect({ 'node1/ns1': { 'node2/ns1': reached } })
  .andBack()

// The same command in two namespaces of one name: what is printed as "ns1" is another one on each node.
scenario(macvlanTwoHosts, 'namespaces of one name on two nodes are two namespaces')
  .given('mac1 is set up inside ns1 of node2', ({ node2: { $ } }) => $`ip netns exec ns1 ip link set dev mac1 up`)
  .expect({
    'node2/ns1': { 'node1/ns1': reached, ns2: reached, node1: reached, node2: blocked('macvlan-parent-isolation') },
    node1: { 'node2/ns1': reached },
  })
