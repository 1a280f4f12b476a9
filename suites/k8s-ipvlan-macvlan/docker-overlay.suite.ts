import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { seenAs } from '../../fixtures/seen-as.ts'
import { dockerOverlay } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

/** Everybody has several addresses here: these are the ones that are meant. */
const [c1, c2, c3] = ['10.10.1.11', '10.10.1.12', '10.10.2.13'] as const
const [node1, node2] = ['192.168.1.10', '192.168.1.20'] as const

// One segment over two hosts, by vxlan. Each container has a second device besides, on its host's docker_gwbridge: by that it
// reaches its own host and, behind that host's address, the LAN. No host has an address in an overlay or a route to it: that, and
// no rule, keeps two overlays apart.
scenario(dockerOverlay, 'overlay: containers of two hosts are on one segment, and each reaches out by its own host', {
  claim: k8sIpvlanMacvlan.claim('D4'),
  when: 'overlay',
})
  .expect({
    c1: { [c2]: reached, [c3]: blocked('no-route', { at: 'node1' }), [node1]: reached, [node2]: reached },
    c2: { [c1]: reached, [node1]: reached },
    node1: { [c1]: blocked('no-route', { at: 'node1' }) },
    node2: { [c1]: blocked('no-route', { at: 'node2' }) },
  })
  .finding('c2 sees c1 by its own address', async ({ hosts }) => {
    const found = await seenAs({ host: hosts.node1, namespace: 'c1' }, { host: hosts.node2, namespace: 'c2' }, c2)
    return { holds: found === c1, found }
  })
  .until(
    'c1 is connected to the other network as well',
    (hosts) => docker(hosts.node1).connect('green', 'c1'),
    (hosts) => docker(hosts.node1).disconnect('green', 'c1'),
  )
  .expect({ c1: { [c2]: reached, [c3]: reached } })
  .andBack()
