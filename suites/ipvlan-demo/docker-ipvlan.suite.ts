import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { seenAs } from '../../fixtures/seen-as.ts'
import { dockerIpvlanL2 } from '../../fixtures/topologies/docker-networks.ts'
import { ipvlanDemoDocument } from './claims.ts'

const apart = blocked('ipvlan-parent-isolation', { at: 'node1 eth0' })

// A container is a host of the LAN under an address of its own, which its neighbours see and reach: no rule of the engine stands
// between. As with every child, the one it cannot reach is the host.
scenario(
  dockerIpvlanL2,
  'Docker: containers have addresses of their own on the LAN, apart from their host until it has a child',
  {
    claim: ipvlanDemoDocument.claim('C4'),
  },
)
  .expect({
    c1: { c2: reached, node2: reached, node1: apart },
    c2: { c1: reached },
    node1: { c1: apart },
    node2: { c1: reached, c2: reached },
  })
  .finding('node2 sees c1 by its own address', async ({ hosts: { node1, node2 } }) => {
    const found = await seenAs({ host: node1, namespace: 'c1' }, { host: node2 }, '192.168.1.20')
    return { holds: found === '192.168.1.101', found }
  })
  .finding('the engine made no rule for these addresses', async ({ hosts: { node1 } }) => {
    const rules = (await node1.$`iptables-save`).stdout.split('\n').filter((line) => line.includes('192.168.1.'))
    return { holds: rules.length === 0, found: rules.join('; ') || 'none' }
  })
  .until(
    'node1 gets a child and reaches c1 by it',
    async ({ node1: { $ } }) => {
      await $`ip link add shim link eth0 type ipvlan mode l2`
      await $`ip addr add 192.168.1.11/32 dev shim`
      await $`ip link set shim up`
      await $`ip route add 192.168.1.101/32 dev shim src 192.168.1.11`
    },
    ({ node1: { $ } }) => $`ip link del shim`,
  )
  .expect({ node1: { c1: reached } })
  .andBack()
