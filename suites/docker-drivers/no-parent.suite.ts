import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { dockerIslands } from '../../fixtures/topologies/docker-networks.ts'
import { dockerDrivers } from './claims.ts'

const claim = dockerDrivers.claim('no-parent')

// Without a parent the engine makes a dummy device, and treats the network as internal: no default route.
for (const driver of ['macvlan', 'ipvlan'] as const) {
  scenario(dockerIslands[driver], `${driver} without a parent`, { claim, when: driver })
    .expect({
      c1: {
        c2: reached,
        node1: blocked('no-route', { at: 'node1/c1' }),
        node2: blocked('no-route', { at: 'node1/c1' }),
      },
    })
    .finding('the parent is a dummy', async ({ graph }) => {
      const devices = (await graph()).namespaces.find((ns) => ns.id === 'node1')?.interfaces ?? []
      const dummies = devices.filter((dev) => dev.kind === 'dummy').map((dev) => dev.name)
      return { holds: dummies.length === 1, found: dummies.join(', ') || 'none' }
    })
}
