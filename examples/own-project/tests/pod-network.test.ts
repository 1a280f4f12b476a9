import { blocked, reached, tcp, topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'

/*
 *   node1 ── pods (bridge 10.1.0.1/24) ─┬─ web 10.1.0.2
 *                                       └─ db  10.1.0.3
 */
const pods = topology('two pods on a bridge', {
  underlay: underlay().wire('lan', '192.168.1.0/24').host('node1', { eth0: 'lan 192.168.1.10/24' }),
  namespaces: { node1: ['web', 'db'] },
  needs: ['link:veth', 'link:bridge'],
  async build({ node1: { $ } }) {
    await $`ip link add pods type bridge forward_delay 0`
    await $`ip addr add 10.1.0.1/24 dev pods`
    await $`ip link set pods up`
    for (const [pod, address] of [
      ['web', '10.1.0.2/24'],
      ['db', '10.1.0.3/24'],
    ]) {
      await $`ip netns add ${pod}`
      await $`ip link add ${`${pod}0`} type veth peer name eth0 netns ${pod}`
      await $`ip link set ${`${pod}0`} master pods up`
      await $`ip -n ${pod} addr add ${address} dev eth0`
      await $`ip -n ${pod} link set eth0 up`
    }
  },
})

scenario(pods, 'pods talk, by ping and by TCP').expect(
  { web: { db: reached, '10.1.0.1': reached }, db: { web: reached } },
  { over: [{ kind: 'icmp' }, tcp(5432)] },
)

scenario(pods, 'a pod has no way out until it has a default route')
  .expect({ web: { '192.168.1.10': blocked('no-route') } })
  .until(
    'web gets a default route',
    ({ node1: { $ } }) => $`ip -n web route add default via 10.1.0.1`,
    ({ node1: { $ } }) => $`ip -n web route del default`,
  )
  .expect({ web: { '192.168.1.10': reached } })
  .andBack()
