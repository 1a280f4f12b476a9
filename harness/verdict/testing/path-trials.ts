import { arp, icmp, tcp, udp } from '../../model/probe.ts'
import type { Reason } from '../../model/verdict.ts'
import type { Trial, TrialHosts } from './bench.ts'
import { onGw, onNode1, onNode2 } from './commands.ts'

const bridge = ['bridge', 'bridge'] as const
const down = (host: keyof TrialHosts, dev: string) => (hosts: TrialHosts) => hosts[host].$`ip link set ${dev} down`
/** node1 asks by an address that only routes lead to. */
const fromElsewhere = ({ node1: { $ } }: TrialHosts) =>
  $`bash -c ${'ip addr add 10.66.0.5/32 dev lo; ip route replace default via 10.0.0.254 src 10.66.0.5'}`
const arpDrop = "nft 'table arp t { chain in { type filter hook input priority 0; policy drop; }; }'"
/** The client has an address that only a route of the router leads to. */
const farAddress = ({ client: { $ } }: TrialHosts) => $`ip addr add 10.66.0.1/24 dev eth0`
const forwardDrop = "nft 'table inet t { chain f { type filter hook forward priority 0; policy drop; }; }'"
const outputDrop = "nft 'table inet t { chain o { type filter hook output priority 0; icmp type echo-reply drop; }; }'"

/** Per reason: what provokes it, and look-alikes with what they are instead. */
export const pathTrials: Readonly<
  Partial<Record<Reason, { readonly provoked: readonly Trial[]; readonly alike: readonly Trial[] }>>
> = {
  'link-down': {
    provoked: [
      {
        what: 'the source’s device',
        modes: bridge,
        given: onNode1('ip -n ns1 link set mac1 down'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'link-down at node1/ns1 mac1',
      },
      {
        what: 'the target’s device',
        modes: bridge,
        given: onNode1('ip -n ns2 link set mac2 down'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'link-down at node1/ns2 mac2',
      },
      {
        what: 'the target’s device, asked by TCP',
        modes: bridge,
        given: onNode1('ip -n ns2 link set mac2 down'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: tcp(8080),
        is: 'link-down at node1/ns2 mac2',
      },
      {
        what: 'the parent of both',
        modes: bridge,
        given: down('node1', 'eth0'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'the parent of the target',
        modes: bridge,
        given: down('node1', 'eth0'),
        from: 'node2',
        to: 'node1/ns1',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'the NIC of the target',
        given: down('node2', 'eth0'),
        from: 'node1',
        to: 'node2',
        is: 'link-down at node2 eth0',
      },
      {
        what: 'the NIC of the source',
        given: down('node1', 'eth0'),
        from: 'node1',
        to: 'node2',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'the NIC of the target behind a router',
        given: down('client', 'eth0'),
        from: 'node1',
        to: 'client',
        is: 'link-down at client eth0',
      },
      {
        what: 'the router’s NIC on the target’s wire',
        given: down('gw', 'eth1'),
        from: 'node1',
        to: 'client',
        is: 'link-down at gw eth1',
      },
    ],
    alike: [
      {
        what: 'the target’s device is down, and the source has no way there at all',
        given: async (h) => {
          await h.node1.$`ip route del default`
          await h.client.$`ip link set eth0 down`
        },
        from: 'node1',
        to: 'client',
        is: 'no-route at node1',
      },
      {
        what: 'a third device is down',
        modes: bridge,
        given: down('node2', 'eth0'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'reached',
      },
      {
        what: 'the address is on a device without carrier, and the way back is a blackhole',
        given: async ({ node1, node2 }) => {
          await node2.$`ip link add v0 type veth peer name v1`
          await node2.$`ip addr add 10.66.0.1/24 dev v0`
          await node2.$`ip link set v0 up`
          await node2.$`ip route add blackhole 10.0.0.1`
          await node1.$`ip route add 10.66.0.0/24 via 10.0.0.2`
        },
        from: 'node1',
        to: '10.66.0.1',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the target drops ARP instead',
        given: onNode2(arpDrop),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the target’s namespace lost its device',
        modes: bridge,
        given: onNode1('ip -n ns2 link del mac2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: no-address',
      },
      {
        what: 'the target’s namespace is gone',
        modes: bridge,
        given: onNode1('ip netns del ns2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: namespace-missing',
      },
    ],
  },
  'no-route': {
    provoked: [
      {
        what: 'no default route at the source',
        modes: bridge,
        from: 'node1/ns1',
        to: 'client',
        is: 'no-route at node1/ns1',
      },
      { what: 'over IPv6', modes: bridge, from: 'node1/ns1', to: 'client', family: 6, is: 'no-route at node1/ns1' },
      { what: 'by TCP', modes: bridge, from: 'node1/ns1', to: 'client', over: tcp(8080), is: 'no-route at node1/ns1' },
      {
        what: 'none at the router',
        given: async (h) => {
          await h.client.$`ip addr add 10.66.0.1/24 dev eth0`
        },
        from: 'node1',
        to: '10.66.0.1',
        is: 'no-route at gw',
      },
      // A socket is told of the router's error as of its own stack's.
      {
        what: 'none at the router, asked by TCP',
        given: farAddress,
        from: 'node1',
        to: '10.66.0.1',
        over: tcp(8080),
        is: 'no-route at gw',
      },
      {
        what: 'none at the router, asked by UDP',
        given: farAddress,
        from: 'node1',
        to: '10.66.0.1',
        over: udp(5353),
        is: 'no-route at gw',
      },
      {
        what: 'none at the router, over IPv6',
        given: ({ client: { $ } }) => $`ip addr add fd00:66::1/64 dev eth0 nodad`,
        from: 'node1',
        to: 'fd00:66::1',
        family: 6,
        is: 'no-route at gw',
      },
    ],
    alike: [
      {
        what: 'the router refuses, asked by TCP',
        given: async (h) => {
          await farAddress(h)
          await h.gw.$`ip route add unreachable 10.66.0.0/24`
        },
        from: 'node1',
        to: '10.66.0.1',
        over: tcp(8080),
        is: 'inconclusive: unexplained',
      },
      {
        what: 'a blackhole route',
        given: onNode1('ip route add blackhole 10.9.0.0/24'),
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'an unreachable route',
        given: onNode1('ip route add unreachable 10.9.0.0/24'),
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'a prohibit route',
        given: onNode1('ip route add prohibit 10.9.0.0/24'),
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'a rule that refuses',
        given: onNode1('ip rule add to 10.9.0.0/24 type unreachable'),
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'routes went with their device',
        given: down('node1', 'eth0'),
        from: 'node1',
        to: 'client',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'a router that forges the answer',
        given: onGw(
          "nft 'table ip t { chain f { type filter hook forward priority 0; reject with icmp type net-unreachable; }; }'",
        ),
        from: 'node1',
        to: 'client',
        is: 'netfilter-drop at gw',
      },
    ],
  },
  'no-return-route': {
    provoked: [
      {
        what: 'the target knows no way out of its subnet',
        modes: bridge,
        from: 'client',
        to: 'node1/ns1',
        is: 'no-return-route at node1/ns1',
      },
      {
        what: 'over IPv6',
        modes: bridge,
        from: 'client',
        to: 'node1/ns1',
        family: 6,
        is: 'no-return-route at node1/ns1',
      },
      {
        what: 'by TCP',
        modes: bridge,
        from: 'client',
        to: 'node1/ns1',
        over: tcp(8080),
        is: 'no-return-route at node1/ns1',
      },
      {
        what: 'rp_filter cannot find a way back either',
        modes: bridge,
        given: onNode1('ip netns exec ns1 sysctl -qw net.ipv4.conf.all.rp_filter=1'),
        from: 'client',
        to: 'node1/ns1',
        is: 'no-return-route at node1/ns1',
      },
      {
        what: 'the router on the way back has none',
        given: fromElsewhere,
        from: 'node1',
        to: 'client',
        is: 'no-return-route at gw',
      },
      {
        what: 'the router on the way back has none, asked by TCP',
        given: fromElsewhere,
        from: 'node1',
        to: 'client',
        over: tcp(8080),
        is: 'no-return-route at gw',
      },
    ],
    alike: [
      {
        what: 'the router on the way back has one that refuses',
        given: async (h) => {
          await fromElsewhere(h)
          await h.gw.$`ip route add blackhole 10.66.0.5`
        },
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the router drops the answer',
        given: onGw(
          "nft 'table inet t { chain f { type filter hook forward priority 0; icmp type echo-reply drop; }; }'",
        ),
        from: 'node1',
        to: 'client',
        is: 'netfilter-drop at gw',
      },
      {
        what: 'netfilter drops the answer',
        given: onNode2(outputDrop),
        from: 'client',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'no way back, and an ingress hook, which no trace shows, drops the request',
        modes: bridge,
        given: onNode1(
          "ip netns exec ns1 nft 'table netdev t { chain c { type filter hook ingress device mac1 priority 0; ip protocol icmp drop; }; }'",
        ),
        from: 'client',
        to: 'node1/ns1',
        is: 'inconclusive: not-traceable',
      },
      {
        what: 'a blackhole route back',
        given: onNode2('ip route add blackhole 10.9.0.0/24'),
        from: 'client',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'rp_filter refuses the request',
        given: onNode2(
          'ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up; ip route add 10.9.0.0/24 dev d0; sysctl -qw net.ipv4.conf.all.rp_filter=1',
        ),
        from: 'client',
        to: 'node2',
        is: 'reverse-path-filter at node2 eth0',
      },
      {
        what: 'the gateway of the way back is not there',
        given: onNode2('ip route replace default via 10.0.0.77'),
        from: 'client',
        to: 'node2',
        is: 'neighbour-unanswered at wire:lan',
      },
    ],
  },
  'neighbour-unanswered': {
    provoked: [
      { what: 'nobody has the address', from: 'node1', to: '10.0.0.99', is: 'neighbour-unanswered at wire:lan' },
      {
        what: 'nobody has the IPv6 address',
        from: 'node1',
        to: 'fd00:a::99',
        family: 6,
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'nobody has the address, asked by ARP alone',
        from: 'node1',
        to: '10.0.0.99',
        over: arp,
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'arp_ignore=8',
        given: onNode2('sysctl -qw net.ipv4.conf.eth0.arp_ignore=8'),
        from: 'node1',
        to: 'node2',
        is: 'neighbour-unanswered at node2 eth0',
      },
      {
        what: 'NOARP',
        given: onNode2('ip link set eth0 arp off'),
        from: 'node1',
        to: 'node2',
        is: 'neighbour-unanswered at node2 eth0',
      },
      {
        what: 'the gateway is not there',
        given: onNode1('ip route replace default via 10.0.0.77'),
        from: 'node1',
        to: 'client',
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'behind a router',
        given: ({ client: { $ } }) => $`sysctl -qw net.ipv4.conf.eth0.arp_ignore=8`,
        from: 'node1',
        to: 'client',
        is: 'neighbour-unanswered at client eth0',
      },
      {
        what: 'nobody behind the router has the address',
        from: 'node1',
        to: '10.9.0.99',
        is: 'neighbour-unanswered at wire:far',
      },
      {
        what: 'nobody behind the router has the IPv6 address',
        from: 'node1',
        to: 'fd00:9::99',
        family: 6,
        is: 'neighbour-unanswered at wire:far',
      },
      {
        what: 'nobody behind the router has the address, asked by TCP',
        from: 'node1',
        to: '10.9.0.99',
        over: tcp(8080),
        is: 'neighbour-unanswered at wire:far',
      },
      {
        what: 'the router’s own gateway is not there',
        given: async (h) => {
          await farAddress(h)
          await h.gw.$`ip route add 10.66.0.0/24 via 10.9.0.77`
        },
        from: 'node1',
        to: '10.66.0.1',
        is: 'neighbour-unanswered at wire:far',
      },
      {
        what: 'the gateway of the way back is not there',
        given: onNode2('ip route replace default via 10.0.0.77'),
        from: 'client',
        to: 'node2',
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'the router’s gateway of the way back is not there',
        given: async (h) => {
          await fromElsewhere(h)
          await h.gw.$`ip route add 10.66.0.0/24 via 10.0.0.77`
        },
        from: 'node1',
        to: 'client',
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'arp_ignore=1, and the address is on lo',
        given: onNode2('ip addr add 10.0.0.50/32 dev lo; sysctl -qw net.ipv4.conf.all.arp_ignore=1'),
        from: 'node1',
        to: '10.0.0.50',
        is: 'neighbour-unanswered at node2 eth0',
      },
    ],
    alike: [
      {
        what: 'arp_ignore=1 answers for the device’s own address',
        given: onNode2('sysctl -qw net.ipv4.conf.eth0.arp_ignore=1'),
        from: 'node1',
        to: 'node2',
        is: 'reached',
      },
      {
        what: 'ARP dropped by nft',
        given: onNode2(arpDrop),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'behind a router, ARP dropped by nft',
        given: ({ client: { $ } }) => $`bash -c ${arpDrop}`,
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the gateway of the way back drops ARP',
        given: async (h) => {
          await h.node2.$`ip route replace default via 10.0.0.1`
          await h.node1.$`bash -c ${arpDrop}`
        },
        from: 'client',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the address is on lo',
        given: onNode2('ip addr add 10.0.0.50/32 dev lo'),
        from: 'node1',
        to: '10.0.0.50',
        is: 'reached',
      },
      {
        what: 'the address is on lo, ARP dropped by nft',
        given: onNode2(
          "ip addr add 10.0.0.50/32 dev lo; nft 'table arp t { chain in { type filter hook input priority 0; policy drop; }; }'",
        ),
        from: 'node1',
        to: '10.0.0.50',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'an address of another subnet on lo',
        given: async ({ node1, node2 }) => {
          await node2.$`ip addr add 10.66.0.1/32 dev lo`
          await node1.$`ip route add 10.66.0.1 via 10.0.0.2`
        },
        from: 'node1',
        to: '10.66.0.1',
        is: 'reached',
      },
      {
        what: 'a macvtap whose tap nobody has open, ARP dropped by nft',
        given: onNode2(
          "ip addr flush dev eth0; ip link add link eth0 name t0 type macvtap mode bridge; ip addr add 10.0.0.2/24 dev t0; ip link set t0 up; nft 'table arp t { chain in { type filter hook input priority 0; policy drop; }; }'",
        ),
        from: 'node1',
        to: '10.0.0.2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the answer dropped by nft',
        given: onNode2("nft 'table arp t { chain o { type filter hook output priority 0; policy drop; }; }'"),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the device is down',
        given: down('node2', 'eth0'),
        from: 'node1',
        to: 'node2',
        is: 'link-down at node2 eth0',
      },
      {
        what: 'NOARP, and the neighbour is typed in',
        given: async (h) => {
          const mac = (await h.node2.$`cat /sys/class/net/eth0/address`).stdout.trim()
          await h.node2.$`sysctl -qw net.ipv4.conf.eth0.arp_ignore=8`
          await h.node1.$`ip neigh add 10.0.0.2 lladdr ${mac} dev eth0 nud permanent`
        },
        from: 'node1',
        to: 'node2',
        is: 'reached',
      },
      {
        what: 'echo requests are ignored: not a matter of the network',
        given: onNode2('sysctl -qw net.ipv4.icmp_echo_ignore_all=1'),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'echo requests are ignored, TCP is not',
        given: onNode2('sysctl -qw net.ipv4.icmp_echo_ignore_all=1'),
        from: 'node1',
        to: 'node2',
        over: tcp(8080),
        is: 'reached',
      },
    ],
  },
  'forwarding-off': {
    provoked: [
      {
        what: 'the router does not forward',
        given: onGw('sysctl -qw net.ipv4.ip_forward=0'),
        from: 'node1',
        to: 'client',
        is: 'forwarding-off at gw',
      },
      {
        what: 'over IPv6',
        given: onGw('sysctl -qw net.ipv6.conf.all.forwarding=0'),
        from: 'node1',
        to: 'client',
        family: 6,
        is: 'forwarding-off at gw',
      },
      {
        what: 'a host taken for a router',
        given: onNode1('ip route replace default via 10.0.0.2'),
        from: 'node1',
        to: 'client',
        is: 'forwarding-off at node2',
      },
    ],
    alike: [
      {
        what: 'a FORWARD chain drops',
        given: onGw(forwardDrop),
        from: 'node1',
        to: 'client',
        is: 'netfilter-drop at gw',
      },
      {
        what: 'a FORWARD chain drops, and forwarding is on for the device alone',
        given: onGw(`sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.eth0.forwarding=1; ${forwardDrop}`),
        from: 'node1',
        to: 'client',
        is: 'netfilter-drop at gw',
      },
      {
        what: 'the router has no route',
        given: async (h) => {
          await h.client.$`ip addr add 10.66.0.1/24 dev eth0`
        },
        from: 'node1',
        to: '10.66.0.1',
        is: 'no-route at gw',
      },
      {
        what: 'a second holder of the address has no way back',
        given: async ({ node1, gw }) => {
          const mac = (await gw.$`cat /sys/class/net/eth0/address`).stdout.trim()
          await gw.$`ip addr add 10.0.0.2/32 dev eth0`
          await gw.$`ip route add blackhole 10.0.0.1`
          await gw.$`sysctl -qw net.ipv4.ip_forward=0`
          await node1.$`ip neigh replace 10.0.0.2 lladdr ${mac} dev eth0 nud permanent`
        },
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'an ingress hook of the router, which no trace shows, drops as well',
        given: onGw(
          "sysctl -qw net.ipv4.ip_forward=0; nft 'table netdev t { chain c { type filter hook ingress device eth0 priority 0; ip protocol icmp drop; }; }'",
        ),
        from: 'node1',
        to: 'client',
        is: 'inconclusive: not-traceable',
      },
      {
        what: 'the router itself is asked',
        given: onGw('sysctl -qw net.ipv4.ip_forward=0'),
        from: 'node1',
        to: '10.0.0.254',
        is: 'reached',
      },
    ],
  },
  'mtu-exceeded': {
    provoked: [
      {
        what: 'the source’s own device',
        from: 'node1',
        to: 'node2',
        over: icmp({ size: 1600, dontFragment: true }),
        is: 'mtu-exceeded at node1 eth0',
      },
      {
        what: 'a router’s device',
        given: onGw('ip link set eth1 mtu 1300'),
        from: 'node1',
        to: 'client',
        over: icmp({ size: 1400, dontFragment: true }),
        is: 'mtu-exceeded at gw',
      },
      {
        what: 'a router’s device, over IPv6',
        given: onGw('ip link set eth1 mtu 1300'),
        from: 'node1',
        to: 'client',
        family: 6,
        over: icmp({ size: 1400, dontFragment: true }),
        is: 'mtu-exceeded at gw',
      },
    ],
    alike: [
      {
        what: 'large, and fragmented',
        given: async ({ gw, client }) => {
          await gw.$`ip link set eth1 mtu 1300`
          await client.$`ip link set eth0 mtu 1300`
        },
        from: 'node1',
        to: 'client',
        over: icmp({ size: 1400 }),
        is: 'reached',
      },
      {
        what: 'large, and no route',
        modes: bridge,
        from: 'node1/ns1',
        to: 'client',
        over: icmp({ size: 1400, dontFragment: true }),
        is: 'no-route at node1/ns1',
      },
      {
        what: 'large, and a rule drops it',
        given: onGw(
          "nft 'table inet t { chain f { type filter hook forward priority 0; meta length > 1000 drop; }; }'",
        ),
        from: 'node1',
        to: 'client',
        over: icmp({ size: 1400, dontFragment: true }),
        is: 'netfilter-drop at gw',
      },
    ],
  },
}
