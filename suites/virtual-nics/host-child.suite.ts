import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { atNames } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { virtualNics } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>

// The document's way round the isolation: the host becomes a sibling of its namespaces.
scenario(atNames, 'the host is reached at an address of its own child', { claim: virtualNics.claim('B3') })
  .expect({ ns2: { '192.168.0.171': blocked('macvlan-parent-isolation', { at: 'host eth0' }) } })
  .until('the host gets mac3@eth0, .150, and /32 routes', addHostChild, ({ host: { $ } }) => $`ip link del mac3@eth0`)
  .expect({
    ns1: { '192.168.0.150': reached },
    ns2: { '192.168.0.150': reached, '192.168.0.171': reached },
    host: { ns1: reached, ns2: reached },
  })
  .andBack()

async function addHostChild({ host: { $ } }: Host): Promise<void> {
  await $`ip link add link eth0 name mac3@eth0 type macvlan mode bridge`
  await $`ip addr add 192.168.0.150/24 dev mac3@eth0`
  await $`ip link set mac3@eth0 up`
  await $`ip route add 192.168.0.100/32 dev mac3@eth0`
  await $`ip route add 192.168.0.200/32 dev mac3@eth0`
}
