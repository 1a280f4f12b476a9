import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { dockerInternalOnTheLan } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const beyond = '203.0.113.9'
const noRoute = blocked('no-route', { at: 'node1/c1' })

// On a parent, --internal leaves out the default route and that is all: no rule of the engine stands between, so the LAN is
// reached and reaches in, and a route made by hand leads beyond it. What keeps the host apart is the driver, as ever.
for (const driver of ['macvlan', 'ipvlan'] as const) {
  const apart = blocked(`${driver}-parent-isolation`, { at: 'node1 eth0' })
  scenario(
    dockerInternalOnTheLan[driver],
    `internal, ${driver}: containers are on the LAN all the same, and have no route beyond it`,
    { claim: k8sIpvlanMacvlan.claim('D4'), when: `${driver}, internal` },
  )
    .expect({
      c1: { c2: reached, node2: reached, node1: apart, [beyond]: noRoute },
      node1: { c1: apart },
      node2: { c1: reached },
    })
    .finding('the engine made no rule for its addresses', async ({ hosts: { node1 } }) => {
      const rules = (await node1.$`iptables-save`).stdout.split('\n').filter((line) => line.includes('192.168.1.'))
      return { holds: rules.length === 0, found: rules.join('; ') || 'none' }
    })
    .until(
      'c1 makes itself a default route',
      ({ node1: { $ } }) => $`ip netns exec c1 ip route add default via 192.168.1.20`,
      ({ node1: { $ } }) => $`ip netns exec c1 ip route del default`,
    )
    .expect({ c1: { [beyond]: reached } })
    .andBack()
}
