import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL2 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { methodThree, methodTwo } from './host-access.ts'

const unanswered = blocked('no-return-route', { at: 'beside' })
/** The document pings by IPv4. */
const over = [icmp(), tcp(8080)]
const all = { over, family: [4, 6] } as const

// By method 2 the host is the children's router, and nobody outside knows their subnet. (Method 1 does not get as far as the
// host: E2.)
scenario(ipvlanL2, 'by method 2 children reach the outside only with SNAT', {
  claim: ipvlanInDepth.claim('E5'),
  when: 'method 2',
  needs: ['tool:iptables', 'tool:ip6tables'],
})
  .given('ipvl_10 gets 192.168.100.1/32, the host /32 routes', methodTwo)
  .given('the host forwards', async ({ node: { $ } }) => {
    await $`sysctl -w net.ipv4.ip_forward=1`
    await $({ nothrow: true })`sysctl -w net.ipv6.conf.all.forwarding=1`
    // For what is not its own it asks for the next hop by a link-local address, or not at all (ndisc_solicit).
    await $({ nothrow: true })`ip -6 addr add fe80::114/64 dev ens3 nodad`
  })
  .expect({ node1ns: { outside: blocked('no-return-route', { at: 'outside' }) } }, all)
  .until(
    'the host translates the children’s addresses',
    (hosts) => translate(hosts, '-A'),
    (hosts) => translate(hosts, '-D'),
  )
  .expect({ node1ns: { outside: reached } }, all)
  .andBack()

// By method 3 the subnet is on-link for the children: they leave by ens10's own wire, without the host's stack, and whoever is
// there has to know their subnet.
scenario(ipvlanL2, 'by method 3 children leave by ens10 directly', {
  claim: ipvlanInDepth.claim('E5'),
  when: 'method 3',
})
  .given('ipvl_10 gets 172.18.22.114/32, namespaces 172.18.22.0/24 by eth0', methodThree)
  .expect({ node1ns: { '172.18.22.60': unanswered, 'fd00:22::60': unanswered } }, { over })
  .until(
    'beside gets a route to the children’s subnet',
    async ({ beside: { $ } }) => {
      await $`ip route add 192.168.100.0/24 dev eth0`
      await $({ nothrow: true })`ip -6 route add fd00:100::/64 dev eth0 src fd00:22::60`
    },
    async ({ beside: { $ } }) => {
      await $`ip route del 192.168.100.0/24 dev eth0`
      await $({ nothrow: true })`ip -6 route del fd00:100::/64 dev eth0`
    },
  )
  .expect({ node1ns: { '172.18.22.60': reached, 'fd00:22::60': reached }, beside: { node1ns: reached } }, all)
  .andBack()

async function translate({ node: { $ } }: Pick<Hosts<'node'>, 'node'>, change: '-A' | '-D'): Promise<void> {
  await $`iptables -t nat ${change} POSTROUTING -s 192.168.100.0/24 -j SNAT --to 172.18.22.114`
  // A kernel without IPv6 refuses; then its cells are left out.
  await $({ nothrow: true })`ip6tables -t nat ${change} POSTROUTING -s fd00:100::/64 -j SNAT --to fd00:22::114`
}
