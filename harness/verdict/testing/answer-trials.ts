import { arp, tcp } from '../../model/probe.ts'
import type { Trial } from './bench.ts'
import { echoIgnored, onGw, onNode1, onNode2 } from './commands.ts'

const addressOnChild = 'ip -n ns1 addr add 10.0.0.1/24 dev mac1; ip -n ns1 addr add fd00:a::1/64 dev mac1 nodad'
const chain = (type: string, hook: string, rule = ''): string =>
  `nft 'table ip t { chain ${hook} { type ${type} hook ${hook} priority 0; ${rule}; }; }'`

/** Node1 is reached, and answers, by ns1, whose child sits on node1's own device. */
const ownRouter = `ip link add v0 type veth peer name v1 netns ns1; ip addr add 10.8.0.1/24 dev v0; ip link set v0 up
  ip -n ns1 addr add 10.8.0.2/24 dev v1; ip -n ns1 link set v1 up; ip netns exec ns1 sysctl -qw net.ipv4.ip_forward=1
  ip route add 10.0.0.2/32 via 10.8.0.2`

/** What looks like an answer of the target and is another's, and what looks like another's and is the target's. */
export const answerTrials: readonly Trial[] = [
  {
    what: 'a solicitation goes to a group, and its answer comes from the address that was asked',
    modes: ['bridge', 'bridge'],
    from: 'node1',
    to: 'node2',
    family: 6,
    over: arp,
    is: 'reached',
  },
  {
    what: 'the host refuses by a child of its own, and its parent shows that, too',
    modes: ['bridge', 'bridge'],
    given: onNode1(`ip link add link eth0 mac0 type macvlan mode bridge; ip addr del 10.0.0.1/24 dev eth0
      ip addr add 10.0.0.1/24 dev mac0; ip link set mac0 up`),
    from: 'node1/ns1',
    to: 'node1',
    over: tcp(8080, { service: 'own' }),
    is: 'no-listener at node1 mac0',
  },
  {
    what: 'a host refuses itself, by lo',
    modes: ['bridge', 'bridge'],
    from: 'node2',
    to: 'node2',
    over: tcp(8080, { service: 'own' }),
    is: 'no-listener at node2 eth0',
  },
  {
    what: 'a passthru child has its host’s address as well and answers in the place of the host, which cannot',
    modes: ['passthru'],
    given: onNode1(`${addressOnChild}; ${echoIgnored}`),
    from: 'node2',
    to: 'node1',
    is: 'inconclusive: contradictory',
  },
  {
    what: 'the same, though the host could',
    modes: ['passthru'],
    given: onNode1(addressOnChild),
    from: 'node2',
    to: 'node1',
    is: 'inconclusive: contradictory',
  },
  {
    what: 'the same over IPv6',
    modes: ['passthru'],
    given: onNode1(addressOnChild),
    from: 'node2',
    to: 'node1',
    family: 6,
    is: 'inconclusive: contradictory',
  },
  {
    what: 'the question for the address goes by broadcast: child and host both answer it',
    modes: ['passthru'],
    given: onNode1(addressOnChild),
    from: 'node2',
    to: 'node1',
    over: arp,
    is: 'reached',
  },
  {
    what: 'the address moved to the passthru child',
    modes: ['passthru'],
    given: onNode1(`ip addr del 10.0.0.1/24 dev eth0; ${addressOnChild}`),
    from: 'node2',
    to: '10.0.0.1',
    is: 'reached',
  },
  {
    what: 'a bridge child has its host’s address as well, for a day when it is to answer, and keeps silent',
    modes: ['bridge'],
    given: onNode1(`ip netns exec ns1 sysctl -qw net.ipv4.conf.all.arp_ignore=8; ${addressOnChild}`),
    from: 'node2',
    to: 'node1',
    is: 'reached',
  },
  {
    what: 'the host answers by a child of its own, which shares its address',
    modes: ['bridge'],
    given: onNode1(
      'ip link add link eth0 mac0 type macvlan mode bridge; ip addr add 10.0.0.1/32 dev mac0; ip link set mac0 up; ip route add 10.0.0.11/32 dev mac0',
    ),
    from: 'node1/ns1',
    to: 'node1',
    is: 'reached',
  },
  {
    what: 'the host’s answer leaves by a namespace that is its router, whose child sits on the host’s own device',
    modes: ['bridge'],
    given: async ({ node1, node2 }) => {
      await node1.$`bash -c ${ownRouter}`
      await node2.$`ip route add 10.8.0.0/24 via 10.0.0.11`
    },
    from: 'node2',
    to: '10.8.0.1',
    is: 'reached',
  },
  {
    what: 'the answer comes from an address that nobody asked',
    given: onNode2(chain('filter', 'output', 'icmp type echo-reply ip saddr set 10.0.0.77')),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: contradictory',
  },
  {
    what: 'a router rewrites the answer’s source, and the prober takes it all the same',
    given: onGw(chain('filter', 'forward', 'icmp type echo-reply ip saddr set 10.9.0.77')),
    from: 'node1',
    to: 'client',
    is: 'inconclusive: contradictory',
  },
  {
    what: 'a router has the address and passes it on to another (a published address)',
    given: onGw(
      `${chain('nat', 'prerouting', 'ip daddr 10.9.0.254 dnat to 10.0.0.2')}; ${chain('nat', 'postrouting')}`,
    ),
    from: 'client',
    to: '10.9.0.254',
    is: 'reached',
  },
  {
    what: 'a published port, where nothing listens behind it',
    given: onGw(
      `${chain('nat', 'prerouting', 'ip daddr 10.9.0.254 tcp dport 8080 dnat to 10.0.0.2')}; ${chain('nat', 'postrouting')}`,
    ),
    from: 'client',
    to: '10.9.0.254',
    over: tcp(8080),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a published port, where the service that is missing is missed behind it',
    given: onGw(
      `${chain('nat', 'prerouting', 'ip daddr 10.9.0.254 tcp dport 8080 dnat to 10.0.0.2')}; ${chain('nat', 'postrouting')}`,
    ),
    from: 'client',
    to: '10.9.0.254',
    over: tcp(8080, { service: 'own' }),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a passthru child has its host’s address as well and refuses in the place of the host',
    modes: ['passthru'],
    given: onNode1(addressOnChild),
    from: 'node2',
    to: 'node1',
    over: tcp(8080, { service: 'own' }),
    is: 'passthru-takes-all at node1 eth0',
  },
  {
    what: 'a router hides the source',
    given: onGw(`${chain('nat', 'prerouting')}; ${chain('nat', 'postrouting', 'oif eth0 masquerade')}`),
    from: 'client',
    to: 'node1',
    is: 'reached',
  },
  {
    what: 'the source itself translates the address, and the answer’s back',
    given: async ({ node1, node2 }) => {
      await node1.$`ip addr add 10.8.0.1/32 dev lo`
      await node2.$`bash -c ${`${chain('nat', 'output', 'ip daddr 10.8.0.1 dnat to 10.0.0.1')}; ${chain('nat', 'input')}`}`
    },
    from: 'node2',
    to: '10.8.0.1',
    is: 'reached',
  },
]
