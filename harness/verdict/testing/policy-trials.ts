import { tcp, udp } from '../../model/probe.ts'
import type { Trial } from './bench.ts'
import { echoIgnored, on } from './commands.ts'

/** The client has its way back in a table that a rule for its own address leads to, and in no other. */
const routedBySource =
  'ip route del default; ip route add default via 10.9.0.254 table 100; ip rule add pref 100 from 10.9.0.2 lookup 100'
const routedBySource6 =
  'ip -6 route del default; ip -6 route add default via fd00:9::254 table 100; ip -6 rule add pref 100 from fd00:9::2 lookup 100'
/** The client has its way back in a table that only packets of a mark are led to. */
const routedByMark =
  'ip route del default; ip route add default via 10.9.0.254 table 100; ip rule add pref 100 fwmark 7 lookup 100'
const marksOnly =
  'ip route del default; ip route add default via 10.0.0.254 table 100; ip rule add pref 100 fwmark 7 lookup 100'
/** Main leads to node2 by a device without carrier; a rule leads there by eth0, whose egress hook drops all. */
const cutAtEgress = `ip link add v0 type veth peer name v1; ip addr add 10.77.0.1/24 dev v0; ip link set v0 up
  ip route add 10.0.0.2/32 dev v0; ip route add 10.0.0.2/32 dev eth0 table 100; ip rule add pref 100 to 10.0.0.2 lookup 100
  nft 'table netdev t { chain e { type filter hook egress device eth0 priority 0; drop; }; }'`

/** What rules (`ip rule`) decide about routes, and what looks as if a route were missing. */
export const policyTrials: readonly Trial[] = [
  {
    what: 'the way back is led to by a rule for the target’s own address',
    given: on('client', routedBySource),
    from: 'node1',
    to: 'client',
    is: 'reached',
  },
  {
    what: 'the way back is led to by a rule for the target’s own address, and echo requests are ignored',
    given: on('client', `${routedBySource}; ${echoIgnored}`),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'the same over IPv6',
    given: on('client', `${routedBySource6}; sysctl -qw net.ipv6.icmp.echo_ignore_all=1`),
    from: 'node1',
    to: 'client',
    family: 6,
    is: 'inconclusive: unexplained',
  },
  {
    what: 'the way back is led to by a rule for the target’s own address, and a filter drops',
    given: on(
      'client',
      `${routedBySource}; nft 'table ip t { chain i { type filter hook input priority 0; icmp type echo-request drop; }; }'`,
    ),
    from: 'node1',
    to: 'client',
    is: 'netfilter-drop at client',
  },
  {
    what: 'a rule for another address leads to the way back',
    given: on('client', routedBySource.replace('from 10.9.0.2', 'from 10.9.0.3')),
    from: 'node1',
    to: 'client',
    is: 'no-return-route at client',
  },
  {
    what: 'a rule for another address leads to the way back, asked by TCP',
    given: on('client', routedBySource.replace('from 10.9.0.2', 'from 10.9.0.3')),
    from: 'node1',
    to: 'client',
    over: tcp(8080),
    is: 'no-return-route at client',
  },
  {
    // A socket bound to no address asks for its route before it has one (ip_route_output_flow with saddr 0).
    what: 'a rule for the target’s own address leads to the way back, which a UDP service without an own address does not ask by',
    given: on('client', routedBySource),
    from: 'node1',
    to: 'client',
    over: udp(5353),
    is: 'no-return-route at client',
  },
  {
    what: 'the answer may be led back by a mark, and echo requests are ignored',
    given: on('client', `${routedByMark}; sysctl -qw net.ipv4.fwmark_reflect=1; ${echoIgnored}`),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
    tells:
      'client finds no route to 10.0.0.1, which may be by its rule and not for want of one (ip rule 100: fwmark 0x7 lookup 100).',
  },
  {
    what: 'a table that only marked packets are led to has no way back either',
    given: on('client', routedByMark.replace('default via', '10.66.0.0/24 via')),
    from: 'node1',
    to: 'client',
    is: 'no-return-route at client',
  },
  {
    what: 'the sender’s address is rewritten on the way, and echo requests are ignored',
    given: async (hosts) => {
      await on('gw', "nft 'table ip t { chain p { type nat hook postrouting priority 100; masquerade; }; }'")(hosts)
      await on('client', `ip route del default; ${echoIgnored}`)(hosts)
    },
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the router refuses',
    given: on('gw', 'ip rule add pref 100 to 10.9.0.0/24 type unreachable'),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
    tells:
      'gw finds no route to 10.9.0.2, which may be by its rule and not for want of one (ip rule 100: to 10.9.0.0/24 unreachable).',
  },
  {
    what: 'a rule of the router refuses, over IPv6',
    given: on('gw', 'ip -6 rule add pref 100 to fd00:9::/64 type unreachable'),
    from: 'node1',
    to: 'client',
    family: 6,
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the router refuses, asked by TCP',
    given: on('gw', 'ip rule add pref 100 to 10.9.0.0/24 type unreachable'),
    from: 'node1',
    to: 'client',
    over: tcp(8080),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the router refuses the answer',
    given: on('gw', 'ip rule add pref 100 to 10.0.0.0/24 type unreachable'),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the target refuses the answer',
    given: on('client', 'ip route del default; ip rule add pref 100 to 10.0.0.0/24 type unreachable'),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the source refuses, which has no route either',
    given: on('node1', 'ip route del default; ip rule add pref 100 to 10.9.0.0/24 type unreachable'),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule of the router refuses others',
    given: async (hosts) => {
      await hosts.client.$`ip addr add 10.66.0.1/24 dev eth0`
      await on('gw', 'ip rule add pref 100 to 10.55.0.0/24 type unreachable')(hosts)
    },
    from: 'node1',
    to: '10.66.0.1',
    is: 'no-route at gw',
  },
  {
    what: 'only marked packets have a route at the source',
    given: on('node1', marksOnly),
    from: 'node1',
    to: 'client',
    is: 'no-route at node1',
  },
  {
    what: 'only marked packets have a route at the router',
    given: async (hosts) => {
      await hosts.client.$`ip addr add 10.66.0.1/24 dev eth0`
      await on('gw', 'ip route add 10.66.0.0/24 dev eth1 table 100; ip rule add pref 100 fwmark 7 lookup 100')(hosts)
    },
    from: 'node1',
    to: '10.66.0.1',
    is: 'no-route at gw',
  },
  {
    what: 'a rule leads away from a device without carrier, by another, which drops all',
    given: on('node1', cutAtEgress),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule leads to a device without carrier, and main by another',
    given: on(
      'node1',
      `ip link add v0 type veth peer name v1; ip addr add 10.77.0.1/24 dev v0; ip link set v0 up
       ip route add 10.0.0.2/32 dev v0 table 100; ip rule add pref 100 to 10.0.0.2 lookup 100`,
    ),
    from: 'node1',
    to: 'node2',
    is: 'link-down at node1 v1',
  },
]
