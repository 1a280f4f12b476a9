import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { dockerHost, dockerSharedParent } from '../../fixtures/topologies/docker-networks.ts'
import { dockerDrivers } from './claims.ts'
import { network, refusesNetwork } from './refused.ts'

const claim = dockerDrivers.claim('shared-parent')
const taken = /is already using parent interface eth0$/

// The kernel never minded. Docker 20.10 and 26.1 refuse, 28.5 does not any more (moby#47318), unless somebody takes all.
scenario(dockerHost, 'two networks on one parent', { claim, when: 'what the engine says' })
  .given('there is a macvlan network on eth0', async ({ node1 }) => {
    await docker(node1).createNetwork('mv', network('macvlan', '192.168.1.0/24', { parent: 'eth0' }))
  })
  .finding('engines before 28 refuse a second macvlan network on eth0, later ones do not', async (context) => {
    const version = await docker(context.hosts.node1).version()
    const second = network('macvlan', '192.168.2.0/24', { parent: 'eth0' })
    const { holds: isRefused, found } = await refusesNetwork(second, taken)(context)
    return { holds: isRefused === Number(version.split('.')[0]) < 28, found: `Docker ${version}: ${found}` }
  })
  .finding(
    'one of mode passthru is refused',
    refusesNetwork(network('macvlan', '192.168.3.0/24', { parent: 'eth0', macvlan_mode: 'passthru' }), taken),
  )
  .given('there is an ipvlan network on eth0 as well', async ({ node1 }) => {
    await docker(node1).createNetwork('iv', network('ipvlan', '192.168.4.0/24', { parent: 'eth0' }))
  })
  .finding(
    'a second ipvlan network is refused',
    refusesNetwork(network('ipvlan', '192.168.5.0/24', { parent: 'eth0' }), taken),
  )

// What keeps the containers of two macvlan networks on one parent apart is nothing but their subnets.
scenario(dockerSharedParent, 'containers of two macvlan networks on one parent are on one segment', {
  claim,
  when: 'who reaches whom',
})
  .expect({
    c1: { c2: blocked('neighbour-unanswered') },
    c2: { c1: blocked('neighbour-unanswered') },
  })
  .until(
    'each learns that the other’s subnet is on its own device',
    async ({ node1: { $ } }) => {
      await $`ip netns exec c1 ip route add 192.168.2.0/24 dev eth0`
      await $`ip netns exec c2 ip route add 192.168.1.0/24 dev eth0`
    },
    async ({ node1: { $ } }) => {
      await $`ip netns exec c1 ip route del 192.168.2.0/24`
      await $`ip netns exec c2 ip route del 192.168.1.0/24`
    },
  )
  .expect({ c1: { c2: reached }, c2: { c1: reached } })
  .andBack()

// Networks cost nothing: the device is taken by the first container, and then the kernel has it as one driver's port.
scenario(dockerHost, 'a macvlan and an ipvlan network on one parent', {
  claim: dockerDrivers.claim('two-drivers'),
  needs: ['link:macvlan', 'link:ipvlan'],
})
  .given('there is a macvlan and an ipvlan network on eth0', async ({ node1 }) => {
    await docker(node1).createNetwork('mv', network('macvlan', '192.168.1.0/24', { parent: 'eth0' }))
    await docker(node1).createNetwork('iv', network('ipvlan', '192.168.4.0/24', { parent: 'eth0' }))
  })
  .finding('a container of one runs, and one of the other does not start', async ({ hosts: { node1 } }) => {
    const engine = docker(node1)
    await engine.run('c1', 'mv')
    await engine.createContainer('c2', 'iv')
    const { status, message } = await engine.refusal('/containers/c2/start', {})
    return {
      holds: status === 500 && message.includes('device or resource busy'),
      found: `${String(status)} ${message}`,
    }
  })
