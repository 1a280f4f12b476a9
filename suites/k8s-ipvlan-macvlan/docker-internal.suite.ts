import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { dockerInternal } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const claim = k8sIpvlanMacvlan.claim('D4')
const host = '192.168.1.10'
const noRoute = blocked('no-route', { at: 'node1/c1' })

// --internal leaves out the default route, and adds rules for those who make one. The bridge has an address of the host all the
// same, by which containers reach the host's stack.
scenario(
  dockerInternal,
  'internal: containers reach each other and the bridge’s own address, until they are in another network',
  { claim, when: 'bridge, internal', needs: ['docker:26'] },
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

// Docker 20.10 gave the route all the same, and with it every address of the host.
scenario(
  dockerInternal,
  'internal: with a route only rules keep containers from the LAN, and nothing from their host',
  {
    claim,
    when: 'bridge, internal, with a route',
  },
)
  .finding('engines before 26 give a default route, later ones do not', async ({ hosts: { node1 } }) => {
    const version = await docker(node1).version()
    const route = (await node1.$`ip -n c2 route show default`).stdout.trim()
    const found = `Docker ${version}: ${route || 'no default route'}`
    return { holds: (route !== '') === Number(version.split('.')[0]) < 26, found }
  })
  .given('c2 has a default route', ({ node1: { $ } }) => $`ip -n c2 route replace default via 172.30.0.1`)
  .expect({ c2: { c1: reached, node2: blocked('netfilter-drop', { at: 'node1' }), [host]: reached } })
