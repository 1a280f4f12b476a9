import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL2 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { methodThree, methodTwo } from './host-access.ts'

const unanswered = blocked('no-return-route', { at: 'beside' })
/** The document pings by IPv4. */
const over = [icmp(), tcp(8080)]

// By method 2 the host is the children's router, and nobody outside knows their subnet. (Method 1 does not get as far as the
// host: E2.)
scenario(ipvlanL2, 'by method 2 children reach the outside only with SNAT', {
  claim: ipvlanInDepth.claim('E5'),
  when: 'method 2',
  needs: ['tool:iptables'],
})
  .given('ipvl_10 gets 192.168.100.1/32, the host /32 routes', methodTwo)
  .given('the host forwards', ({ node: { $ } }) => $`sysctl -w net.ipv4.ip_forward=1`)
  .expect({ node1ns: { outside: blocked('no-return-route', { at: 'outside' }) } }, { over })
  .until(
    'the host translates the children’s addresses',
    ({ node: { $ } }) => $`iptables -t nat -A POSTROUTING -s 192.168.100.0/24 -j SNAT --to 172.18.22.114`,
    ({ node: { $ } }) => $`iptables -t nat -D POSTROUTING -s 192.168.100.0/24 -j SNAT --to 172.18.22.114`,
  )
  .expect({ node1ns: { outside: reached } }, { over })
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
  .expect(
    { node1ns: { '172.18.22.60': reached, 'fd00:22::60': reached }, beside: { node1ns: reached } },
    { over, family: [4, 6] },
  )
  .andBack()
