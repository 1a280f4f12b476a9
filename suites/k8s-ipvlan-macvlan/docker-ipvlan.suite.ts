import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { dockerIpvlanL3, dockerIpvlanL3AsPrinted } from '../../fixtures/topologies/docker-networks.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const host = '192.168.1.10'

// Docker gives the containers what the other document's namespaces lack: a default route by the device, without a gateway. So the
// driver's parent routes between the two subnets. Beyond the parent nobody knows them, their own host included: it hears them, and
// has no route back.
scenario(
  dockerIpvlanL3,
  'Docker: containers of two subnets of one l3 network reach each other, and neighbours once they have a route',
  {
    claim: k8sIpvlanMacvlan.claim('D1'),
    when: 'a parent',
  },
)
  .expect({
    c1: {
      c2: reached,
      node2: blocked('no-return-route', { at: 'node2' }),
    },
    c2: { c1: reached },
    node2: { c1: blocked('no-route', { at: 'node2' }) },
  })
  .until(
    'node2 learns routes to both subnets by node1',
    async ({ node2: { $ } }) => {
      await $`ip route add 192.168.214.0/24 via 192.168.1.10`
      await $`ip route add 10.1.214.0/24 via 192.168.1.10`
    },
    async ({ node2: { $ } }) => {
      await $`ip route del 192.168.214.0/24`
      await $`ip route del 10.1.214.0/24`
    },
  )
  .expect({ c1: { c2: reached, node2: reached }, node2: { c1: reached, c2: reached } })
  .andBack()
  .expect({
    c1: { [host]: blocked('no-return-route', { at: 'node1' }) },
    node1: { c1: blocked('no-route', { at: 'node1' }) },
  })
  .until(
    'node1 gets a child of its own, and routes to both subnets by it',
    async ({ node1: { $ } }) => {
      await $`ip link add shim link eth0 type ipvlan mode l3`
      await $`ip link set shim up`
      await $`ip route add 192.168.214.0/24 dev shim src ${host}`
      await $`ip route add 10.1.214.0/24 dev shim src ${host}`
    },
    ({ node1: { $ } }) => $`ip link del shim`,
  )
  .expect({ c1: { [host]: reached }, node1: { c1: reached } })
  .andBack()

// As printed there is no parent: the engine makes a dummy device for one, takes the network for internal, and gives containers
// of an internal network no default route. In l3 that is all they had for each other's subnet. (Docker 20.10 still gave them one:
// there the document is right as printed. 26.1 and 28.5 do not.)
scenario(dockerIpvlanL3AsPrinted, 'Docker: without a parent, containers of two subnets need a route by hand', {
  claim: k8sIpvlanMacvlan.claim('D1'),
  when: 'no parent, as printed',
})
  .expect(
    {
      c1: { c2: blocked('no-route', { at: 'node1/c1' }) },
      c2: { c1: blocked('no-route', { at: 'node1/c2' }) },
    },
    { documentSays: { c1: { c2: reached }, c2: { c1: reached } } },
  )
  .until(
    'both get a default route by their device',
    async ({ node1: { $ } }) => {
      await $`ip netns exec c1 ip route add default dev eth0`
      await $`ip netns exec c2 ip route add default dev eth0`
    },
    async ({ node1: { $ } }) => {
      await $`ip netns exec c1 ip route del default`
      await $`ip netns exec c2 ip route del default`
    },
  )
  .expect({ c1: { c2: reached }, c2: { c1: reached } })
  .andBack()
