import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { seenAs } from '../../fixtures/seen-as.ts'
import { dockerBridges } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const dropped = blocked('netfilter-drop', { at: 'node1' })
const host = '192.168.1.10'

// Containers of one bridge reach each other, their host, and by it the LAN, where all of them have the host's address. What keeps
// two networks apart, and a neighbour out, is not the bridge but the engine's rules: all are one hop from the host, which forwards.
scenario(dockerBridges, 'bridge: containers reach out behind their host’s address, and nobody reaches in', {
  claim: k8sIpvlanMacvlan.claim('D4'),
  when: 'bridge',
})
  .expect({
    c1: { c2: reached, c3: dropped, [host]: reached, node2: reached },
    c3: { c1: dropped, [host]: reached, node2: reached },
    node1: { c1: reached, c3: reached, node2: reached },
    node2: { [host]: reached, c1: blocked('no-route', { at: 'node2' }) },
  })
  .finding('node2 sees c1 by its host’s address', async ({ hosts: { node1, node2 } }) => {
    const found = await seenAs({ host: node1, namespace: 'c1' }, { host: node2 }, '192.168.1.20')
    return { holds: found === host, found }
  })
  .given('node2 learns a route to c1’s subnet', ({ node2: { $ } }) => $`ip route add 172.30.0.0/24 via ${host}`)
  .expect({ node2: { c1: dropped } })
  .given('DOCKER-USER accepts everything', ({ node1: { $ } }) => $`iptables -I DOCKER-USER -j ACCEPT`)
  .finding('engines before 28 are opened by that, later ones are not', async ({ hosts: { node1, node2 } }) => {
    const version = await docker(node1).version()
    const { exitCode } = await node2.$({ nothrow: true })`ping -c 1 -W 1 172.30.0.2`
    const isOpen = exitCode === 0
    const found = `Docker ${version}: node2 ${isOpen ? 'reaches' : 'does not reach'} c1`
    return { holds: isOpen === Number(version.split('.')[0]) < 28, found }
  })

// Since Docker 28 they stand before the chain that is meant for the user's own.
scenario(dockerBridges, 'bridge: what the user accepts opens nothing as long as the rules of table raw are there', {
  claim: k8sIpvlanMacvlan.claim('D4'),
  when: 'bridge, since Docker 28',
  needs: ['docker:28'],
})
  .given('node2 learns a route to c1’s subnet', ({ node2: { $ } }) => $`ip route add 172.30.0.0/24 via ${host}`)
  .given('DOCKER-USER accepts everything', ({ node1: { $ } }) => $`iptables -I DOCKER-USER -j ACCEPT`)
  .expect({ node2: { c1: dropped }, c1: { c3: dropped } })
  .until(
    'the rules of table raw are gone, by which containers are reached by their own bridge only',
    async ({ node1: { $ } }) => {
      await $`iptables -t raw -S PREROUTING > /run/rules`
      await $`iptables -t raw -F PREROUTING`
    },
    ({ node1: { $ } }) => $`grep ^-A /run/rules | while read -r rule; do iptables -t raw $rule; done`,
  )
  .expect({ node2: { c1: reached }, c1: { c3: reached } })
  .andBack()
