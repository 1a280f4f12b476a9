import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL3 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { addHostChild } from './host-access.ts'

/** The document pings by IPv4. */
const over = [icmp(), tcp(8080)]
const unanswered = blocked('no-return-route', { at: 'beside' })

// The host joins its children as one of them. That it does not hear them without is not expected here: their requests do reach
// the host's stack (routed out by ens10 they come to a local address), only its replies leave by the wire, and the catalogue
// has no reason for that yet.
scenario(ipvlanL3, 'l3 children reach an address on a child of the host', { claim: ipvlanInDepth.claim('E7') })
  .given('ipvl_10 gets 172.18.22.115/32, the host /32 routes', (hosts) =>
    addHostChild(hosts, 'l3', { address: '172.18.22.115', ipv6: 'fd00:22::115' }, [
      '192.168.100.201',
      '192.168.200.201',
    ]),
  )
  .expect(
    {
      node2ns: { '172.18.22.115': reached, 'fd00:22::115': reached },
      node2ns2: { '172.18.22.115': reached },
      node: { node2ns: reached, node2ns2: reached },
    },
    { over, family: [4, 6] },
  )

// An l3 child is NOARP: who takes its subnet for on-link asks in vain. By IPv6 it asks by multicast, which the driver does not
// even give to such a child. The address that can be asked for is the host's, on ens10, and what is sent there for a child the
// driver takes in without the host's forwarding.
scenario(ipvlanL3, 'the outside reaches l3 children by the host’s address, not by ARP', {
  claim: ipvlanInDepth.claim('E8'),
})
  .given('ens10 gets an address; beside takes the children’s subnet for on-link', async ({ node, beside }) => {
    await addressEns10({ node })
    await beside.$`ip route add 192.168.100.0/24 dev eth0 src 172.18.23.60`
    await beside.$({ nothrow: true })`ip -6 route add fd00:100::/64 dev eth0 src fd00:23::60`
  })
  .expect({
    beside: {
      '192.168.100.201': blocked('neighbour-unanswered', { at: 'node/node2ns eth0' }),
      'fd00:100::201': blocked('l3-no-multicast', { at: 'node ens10' }),
    },
  })
  .until(
    'beside routes the children’s subnet by ens10’s address',
    async ({ beside: { $ } }) => {
      await $`ip route replace 192.168.100.0/24 via 172.18.23.10`
      await $({ nothrow: true })`ip -6 route replace fd00:100::/64 via fd00:23::10`
    },
    async ({ beside: { $ } }) => {
      await $`ip route replace 192.168.100.0/24 dev eth0 src 172.18.23.60`
      await $({ nothrow: true })`ip -6 route replace fd00:100::/64 dev eth0 src fd00:23::60`
    },
  )
  .expect(
    {
      beside: { '192.168.100.201': reached, 'fd00:100::201': reached },
      node2ns: { '172.18.23.60': reached, 'fd00:23::60': reached },
    },
    { over },
  )
  .andBack()

scenario(ipvlanL3, 'l3 children reach the outside only with a return route', { claim: ipvlanInDepth.claim('E8') })
  .given('ens10 gets an address', addressEns10)
  .expect({ node2ns: { '172.18.23.60': unanswered, 'fd00:23::60': unanswered } }, { over })
  .until(
    'beside routes the children’s subnet by ens10’s address',
    async ({ beside: { $ } }) => {
      await $`ip route add 192.168.100.0/24 via 172.18.23.10`
      await $({ nothrow: true })`ip -6 route add fd00:100::/64 via fd00:23::10`
    },
    async ({ beside: { $ } }) => {
      await $`ip route del 192.168.100.0/24`
      await $({ nothrow: true })`ip -6 route del fd00:100::/64`
    },
  )
  .expect({ node2ns: { '172.18.23.60': reached, 'fd00:23::60': reached } }, { over })
  .andBack()

async function addressEns10({ node: { $ } }: Pick<Hosts<'node'>, 'node'>): Promise<void> {
  await $`ip addr add 172.18.23.10/24 dev ens10`
  await $({ nothrow: true })`ip -6 addr add fd00:23::10/64 dev ens10`
  // What it sends for its children is not its own: it asks for the next hop by a link-local address, or not at all (ndisc_solicit).
  await $({ nothrow: true })`ip -6 addr add fe80::10/64 dev ens10 nodad`
}
