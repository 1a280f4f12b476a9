import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { dockerHost, dockerNone } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const claim = k8sIpvlanMacvlan.claim('D4')
const noRoute = blocked('no-route', { at: 'node1/c1' })

// Nothing but lo. The engine takes a container out of `none` while it runs, and into a network.
scenario(dockerNone, 'none: a container reaches nothing until it is connected to a network', { claim, when: 'none' })
  .expect({ c1: { '192.168.1.10': noRoute, node2: noRoute } })
  .until(
    'c1 leaves none for a bridge network',
    async ({ node1 }) => {
      await docker(node1).disconnect('none', 'c1')
      await docker(node1).connect('blue', 'c1')
    },
    async ({ node1 }) => {
      await docker(node1).disconnect('blue', 'c1')
      await docker(node1).connect('none', 'c1')
    },
  )
  .expect({ c1: { '192.168.1.10': reached, node2: reached } })
  .andBack()

// A container of the driver host is no place of its own: what reaches the host reaches it.
scenario(dockerHost, 'host: a container is in its host’s own network namespace', { claim, when: 'host' }).finding(
  'its network namespace is node1’s',
  async ({ hosts: { node1 } }) => {
    const engine = docker(node1)
    await engine.createContainer('c1', 'host')
    await engine.ask('POST', '/containers/c1/start')
    const { State } = (await engine.ask('GET', '/containers/c1/json')) as { State: { Pid: number } }
    const { stdout } = await node1.$`stat -L -c %i /proc/${State.Pid}/ns/net /proc/self/ns/net`
    const [its, hosts] = stdout.trim().split('\n')
    return { holds: its === hosts, found: `namespace ${its ?? ''} of ${hosts ?? ''}` }
  },
)
