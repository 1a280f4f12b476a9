import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { atNames } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { virtualNics } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>

// The document's way round the isolation: the host becomes a sibling of its namespaces. Its old address is reached as
// well: a host answers for all its addresses on every device, and its child hears the question.
scenario(atNames, 'the host is reached at an address of its own child', { claim: virtualNics.claim('B3') })
  .expect({ ns2: { '192.168.0.171': blocked('macvlan-parent-isolation', { at: 'host eth0' }) } })
  .until('the host gets mac3@eth0, .150, and /32 routes', addHostChild, ({ host: { $ } }) => $`ip link del mac3@eth0`)
  .expect({
    ns1: { '192.168.0.150': reached },
    ns2: { '192.168.0.150': reached, '192.168.0.171': reached },
    host: { ns1: reached, ns2: reached },
  })
  .andBack()

// It is the /32 routes that do it: without them the host answers by the first of two equal routes, which is eth0's, and
// what its own stack sends by eth0 no child hears.
scenario(atNames, 'a child of the host alone does not help', { claim: virtualNics.claim('B3') })
  .given('the host gets mac3@eth0 without routes', makeHostChild)
  .expect({
    ns2: { '192.168.0.171': blocked('macvlan-parent-isolation', { at: 'host eth0' }) },
    host: { ns2: blocked('macvlan-parent-isolation', { at: 'host eth0' }) },
  })
  .until('its namespaces are routed through it', addRoutes, async ({ host: { $ } }) => {
    await $`ip route del 192.168.0.100/32`
    await $`ip route del 192.168.0.200/32`
  })
  .expect({ ns2: { '192.168.0.171': reached }, host: { ns2: reached } })
  .andBack()

async function addHostChild(hosts: Host): Promise<void> {
  await makeHostChild(hosts)
  await addRoutes(hosts)
}

async function makeHostChild({ host: { $ } }: Host): Promise<void> {
  await $`ip link add link eth0 name mac3@eth0 type macvlan mode bridge`
  await $`ip addr add 192.168.0.150/24 dev mac3@eth0`
  await $`ip link set mac3@eth0 up`
}

async function addRoutes({ host: { $ } }: Host): Promise<void> {
  await $`ip route add 192.168.0.100/32 dev mac3@eth0`
  await $`ip route add 192.168.0.200/32 dev mac3@eth0`
}
