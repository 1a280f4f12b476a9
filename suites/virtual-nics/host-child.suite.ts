import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { atNames } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { virtualNics } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>
const over = [icmp(), tcp(8080)]

const isolated = blocked('macvlan-parent-isolation', { at: 'host eth0' })

// The document's way round the isolation: the host becomes a sibling of its namespaces. Its old address is reached as
// well: a host answers for all its addresses on every device, and its child hears the question. By IPv6 it is not: there a
// device answers for its own addresses alone (ndisc_recv_ns), and hears only the questions for them.
scenario(atNames, 'the host is reached at an address of its own child', { claim: virtualNics.claim('B3') })
  .expect({ ns2: { '192.168.0.171': isolated, 'fd00:c::171': isolated } }, { over })
  .until('the host gets mac3@eth0, .150, and /32 routes', addHostChild, ({ host: { $ } }) => $`ip link del mac3@eth0`)
  .expect(
    {
      ns1: { '192.168.0.150': reached, 'fd00:c::150': reached },
      ns2: { '192.168.0.150': reached, '192.168.0.171': reached, 'fd00:c::150': reached, 'fd00:c::171': isolated },
      host: { ns1: reached, ns2: reached },
    },
    { over, family: [4, 6] },
  )
  .andBack()

// It is the /32 routes that do it: without them the host answers by the first of two equal routes, which is eth0's, and
// what its own stack sends by eth0 no child hears.
scenario(atNames, 'a child of the host alone does not help', { claim: virtualNics.claim('B3') })
  .given('the host gets mac3@eth0 without routes', makeHostChild)
  .expect({
    ns2: { '192.168.0.171': isolated },
    host: { ns2: isolated },
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
  // A kernel without IPv6 refuses; then its cells are left out.
  await $({ nothrow: true })`ip -6 addr add fd00:c::150/64 dev mac3@eth0`
  await $`ip link set mac3@eth0 up`
}

async function addRoutes({ host: { $ } }: Host): Promise<void> {
  await $`ip route add 192.168.0.100/32 dev mac3@eth0`
  await $`ip route add 192.168.0.200/32 dev mac3@eth0`
  await $({ nothrow: true })`ip -6 route add fd00:c::100/128 dev mac3@eth0`
  await $({ nothrow: true })`ip -6 route add fd00:c::200/128 dev mac3@eth0`
}
