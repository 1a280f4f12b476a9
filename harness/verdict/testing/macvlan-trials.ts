import { arp, broadcast, multicast, tcp, udp } from '../../model/probe.ts'
import type { Reason } from '../../model/verdict.ts'
import type { Trial, TrialHosts } from './bench.ts'

const nft =
  (rules: string, ns?: string) =>
  ({ node1: { $ } }: TrialHosts) =>
    ns === undefined ? $`nft -f - <<< ${rules}` : $`ip netns exec ${ns} nft -f - <<< ${rules}`

const inputDrop = 'table inet t { chain in { type filter hook input priority 0; policy drop; }; }'
const arpDrop = 'table arp t { chain in { type filter hook input priority 0; policy drop; }; }'
const bridge = ['bridge', 'bridge'] as const
const node1 = 'node1 eth0'

/** Per reason: what provokes it, and look-alikes with what they are instead. */
export const macvlanTrials: Readonly<
  Partial<Record<Reason, { readonly provoked: readonly Trial[]; readonly alike: readonly Trial[] }>>
> = {
  'macvlan-parent-isolation': {
    provoked: [
      {
        what: 'a child asks its parent’s stack',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'a route in a table that no rule uses would lead elsewhere',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip -n ns1 route add 10.0.0.1/32 via 10.0.0.2 table 200`,
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'over IPv6',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        family: 6,
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'by TCP',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        over: tcp(8080),
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'by UDP',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        over: udp(5353),
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'by ARP',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        over: arp,
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'by neighbour discovery',
        modes: bridge,
        from: 'node1/ns1',
        to: 'node1',
        over: arp,
        family: 6,
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'the parent’s stack asks a child',
        modes: bridge,
        from: 'node1',
        to: 'node1/ns1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'a private child asks its parent’s stack',
        modes: ['private'],
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'a vepa child asks its parent’s stack',
        modes: ['vepa'],
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'a passthru child asks its parent’s stack',
        modes: ['passthru'],
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'with the neighbours typed in, so that no question is asked',
        modes: bridge,
        given: ({ node1: { $ } }) =>
          $`ip -n ns1 neigh add 10.0.0.1 lladdr $(cat /sys/class/net/eth0/address) dev mac1 nud permanent`,
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
      {
        what: 'the request comes in by the host’s own child, the answer leaves by the parent',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip link add link eth0 mac0 type macvlan mode bridge && ip link set mac0 up`,
        from: 'node1/ns1',
        to: 'node1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
    ],
    alike: [
      {
        what: 'the host drops all input: whether its stack lives cannot be shown',
        modes: bridge,
        given: nft(inputDrop),
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: no-control',
      },
      {
        what: 'the same rule, asked from outside',
        modes: bridge,
        given: nft(inputDrop),
        from: 'node2',
        to: 'node1',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'a reflecting switch joins child and parent',
        modes: bridge,
        hairpin: true,
        from: 'node1/ns1',
        to: 'node1',
        is: 'reached',
      },
      {
        what: 'behind a reflecting switch the host drops input',
        modes: bridge,
        hairpin: true,
        given: nft(inputDrop),
        from: 'node1/ns1',
        to: 'node1',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'the host’s address is gone',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip addr flush dev eth0`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: no-address',
      },
      {
        what: 'the host’s address is gone, and is asked for by number',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip addr flush dev eth0`,
        from: 'node1/ns1',
        to: '10.0.0.1',
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'the parent is down',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip link set eth0 down`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'the host’s address moves to a child of its own',
        modes: bridge,
        given: ({ node1: { $ } }) =>
          $`ip link add link eth0 mac0 type macvlan mode bridge && ip addr del 10.0.0.1/24 dev eth0 && ip addr add 10.0.0.1/24 dev mac0 && ip link set mac0 up`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'reached',
      },
      {
        what: 'the child has no route to a parent of another subnet',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip addr flush dev eth0 && ip addr add 10.7.0.1/24 dev eth0`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'no-route at node1/ns1',
      },
      {
        what: 'neither end is shown alive: the parent’s stack ignores echo requests',
        modes: bridge,
        given: ({ node1: { $ } }) => $`sysctl -w net.ipv4.icmp_echo_ignore_all=1`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: no-control',
      },
      {
        what: 'the parent’s egress is cut',
        modes: bridge,
        given: ({ node1: { $ } }) =>
          $`nft ${'table netdev t { chain c { type filter hook egress device eth0 priority 0; policy drop; }; }'}`,
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: unexplained',
      },
      { what: 'two children of one parent', modes: bridge, from: 'node1/ns1', to: 'node1/ns2', is: 'reached' },
      {
        what: 'rules lead both ways by a router on the wire',
        modes: bridge,
        given: byRouter(),
        from: 'node1/ns1',
        to: 'node1',
        is: 'reached',
      },
      {
        what: 'rules lead both ways by a router, which throws the request away',
        modes: bridge,
        given: byRouter(({ gw: { $ } }) => $`ip route add blackhole 10.0.0.1/32`),
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'rules lead both ways by a router, which throws the answer away',
        modes: bridge,
        given: byRouter(({ gw: { $ } }) => $`ip route add blackhole 10.0.0.11/32`),
        from: 'node1/ns1',
        to: 'node1',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'rules lead both ways by a router, and the host drops input',
        modes: bridge,
        given: byRouter(
          nft('table ip t { chain c { type filter hook input priority 0; icmp type echo-request drop; }; }'),
        ),
        from: 'node1/ns1',
        to: 'node1',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'rules lead both ways by a router, and the child drops input',
        modes: bridge,
        given: byRouter(
          nft('table ip t { chain c { type filter hook input priority 0; icmp type echo-reply drop; }; }', 'ns1'),
        ),
        from: 'node1/ns1',
        to: 'node1',
        is: 'netfilter-drop at node1/ns1',
      },
    ],
  },
  'private-mode': {
    provoked: [
      {
        what: 'both private',
        modes: ['private', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
      {
        what: 'over IPv6',
        modes: ['private', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        family: 6,
        is: `private-mode at ${node1}`,
      },
      {
        what: 'by TCP',
        modes: ['private', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: tcp(8080),
        is: `private-mode at ${node1}`,
      },
      {
        what: 'by broadcast',
        modes: ['private', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: broadcast(5000),
        is: `private-mode at ${node1}`,
      },
      {
        what: 'by multicast',
        modes: ['private', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: multicast(5000),
        is: `private-mode at ${node1}`,
      },
      {
        what: 'only the source is private',
        modes: ['private', 'bridge'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
      {
        what: 'only the target is private',
        modes: ['bridge', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
      {
        what: 'behind a reflecting switch',
        modes: ['private', 'private'],
        hairpin: true,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
    ],
    alike: [
      {
        what: 'vepa instead',
        modes: ['vepa', 'vepa'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
      {
        what: 'private, and the target drops all input',
        modes: ['private', 'private'],
        given: nft(inputDrop, 'ns2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: no-control',
      },
      {
        what: 'bridge, and the target drops all input',
        modes: bridge,
        given: nft(inputDrop, 'ns2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'netfilter-drop at node1/ns2',
      },
      {
        what: 'private children meet by a router',
        modes: ['private', 'private'],
        given: apart,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'reached',
      },
      {
        what: 'behind a reflecting switch, neighbours known: warm is not cold',
        modes: ['private', 'private'],
        hairpin: true,
        given: knowEachOther,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'reached',
      },
      {
        what: 'private, and the parent is down',
        modes: ['private', 'private'],
        given: ({ node1: { $ } }) => $`ip link set eth0 down`,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'link-down at node1 eth0',
      },
      {
        what: 'private, and another with the address of the target, which ignores echo requests, answers the control',
        modes: ['private', 'private'],
        given: async ({ node1: { $ } }) => {
          await $`bash -c ${`ip netns add ns3; ip link add link eth0 mac3 netns ns3 type macvlan mode private
            ip -n ns3 addr add 10.0.0.12/24 dev mac3; ip -n ns3 link set mac3 up
            ip netns exec ns2 sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv4.conf.all.arp_ignore=8`}`
        },
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: no-control',
      },
      {
        what: 'private, and another with the address of the target keeps silent',
        modes: ['private', 'private'],
        given: async ({ node1: { $ } }) => {
          await $`bash -c ${`ip netns add ns3; ip link add link eth0 mac3 netns ns3 type macvlan mode private
            ip -n ns3 addr add 10.0.0.12/24 dev mac3; ip -n ns3 link set mac3 up
            ip netns exec ns3 sysctl -qw net.ipv4.conf.all.arp_ignore=8`}`
        },
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
      {
        what: 'rules lead by a router, which throws the request away',
        modes: ['private', 'private'],
        given: byRouterInVain,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: unexplained',
      },
      { what: 'private to the outside', modes: ['private'], from: 'node1/ns1', to: 'node2', is: 'reached' },
    ],
  },
  'vepa-not-reflected': {
    provoked: [
      {
        what: 'both vepa',
        modes: ['vepa', 'vepa'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
      {
        what: 'over IPv6',
        modes: ['vepa', 'vepa'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        family: 6,
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
      {
        what: 'by UDP',
        modes: ['vepa', 'vepa'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: udp(53),
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
      {
        what: 'by broadcast',
        modes: ['vepa', 'vepa'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: broadcast(5000),
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
      {
        what: 'one vepa beside a bridge child',
        modes: ['vepa', 'bridge'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'vepa-not-reflected at wire:lan node1-eth0',
      },
    ],
    alike: [
      {
        what: 'the switch reflects',
        modes: ['vepa', 'vepa'],
        hairpin: true,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'reached',
      },
      {
        what: 'the switch reflects broadcasts as well',
        modes: ['vepa', 'vepa'],
        hairpin: true,
        from: 'node1/ns1',
        to: 'node1/ns2',
        over: broadcast(5000),
        is: 'reached',
      },
      {
        what: 'the switch reflects, the target drops ARP',
        modes: ['vepa', 'vepa'],
        hairpin: true,
        given: nft(arpDrop, 'ns2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the switch reflects, the target drops input',
        modes: ['vepa', 'vepa'],
        hairpin: true,
        given: nft(inputDrop, 'ns2'),
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'netfilter-drop at node1/ns2',
      },
      {
        what: 'vepa beside private: private is what cannot be cured by the switch',
        modes: ['vepa', 'private'],
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: `private-mode at ${node1}`,
      },
      {
        what: 'rules lead by a router, which throws the request away',
        modes: ['vepa', 'vepa'],
        given: byRouterInVain,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the source’s neighbour entry is wrong, and the switch floods',
        modes: bridge,
        given: ({ node1: { $ } }) => $`ip -n ns1 neigh add 10.0.0.12 lladdr 02:00:00:00:99:99 dev mac1 nud permanent`,
        from: 'node1/ns1',
        to: 'node1/ns2',
        is: 'inconclusive: unexplained',
      },
    ],
  },
  'source-mode-filter': {
    provoked: [
      {
        what: 'the list is empty',
        modes: ['source'],
        from: 'node2',
        to: 'node1/ns1',
        is: 'source-mode-filter at node1/ns1 mac1',
      },
      {
        what: 'the list is empty, over IPv6',
        modes: ['source'],
        from: 'node2',
        to: 'node1/ns1',
        family: 6,
        is: 'source-mode-filter at node1/ns1 mac1',
      },
      {
        what: 'the list holds another',
        modes: ['source'],
        given: ({ node1: { $ } }) => $`ip -n ns1 link set mac1 type macvlan macaddr add 02:00:00:00:99:99`,
        from: 'node2',
        to: 'node1/ns1',
        is: 'source-mode-filter at node1/ns1 mac1',
      },
      {
        what: 'the answers to its own questions are filtered',
        modes: ['source'],
        from: 'node1/ns1',
        to: 'node2',
        is: 'source-mode-filter at node1/ns1 mac1',
      },
    ],
    alike: [
      {
        what: 'the sender is on the list',
        modes: ['source'],
        given: allowNode2,
        from: 'node2',
        to: 'node1/ns1',
        is: 'reached',
      },
      {
        what: 'the sender is on the list and the child drops input',
        modes: ['source'],
        given: async (h) => {
          await allowNode2(h)
          await nft(inputDrop, 'ns1')(h)
        },
        from: 'node2',
        to: 'node1/ns1',
        is: 'netfilter-drop at node1/ns1',
      },
      {
        what: 'the child is down',
        modes: ['source'],
        given: async (h) => {
          await allowNode2(h)
          await h.node1.$`ip -n ns1 link set mac1 down`
        },
        from: 'node2',
        to: 'node1/ns1',
        is: 'link-down at node1/ns1 mac1',
      },
      {
        what: 'the parent’s own stack asks: it is not heard, list or no list',
        modes: ['source'],
        given: allowNode2,
        from: 'node1',
        to: 'node1/ns1',
        is: `macvlan-parent-isolation at ${node1}`,
      },
    ],
  },
  'passthru-takes-all': {
    provoked: [
      {
        what: 'the parent’s stack is asked',
        modes: ['passthru'],
        from: 'node2',
        to: 'node1',
        is: `passthru-takes-all at ${node1}`,
      },
      {
        what: 'the parent’s stack is asked over IPv6',
        modes: ['passthru'],
        from: 'node2',
        to: 'node1',
        family: 6,
        is: `passthru-takes-all at ${node1}`,
      },
      {
        what: 'the child is down, and the frames are dropped in its name',
        modes: ['passthru'],
        given: ({ node1: { $ } }) => $`ip -n ns1 link set mac1 down`,
        from: 'node2',
        to: 'node1',
        is: `passthru-takes-all at ${node1}`,
      },
      {
        what: 'the parent’s stack asks, and the answer is taken',
        modes: ['passthru'],
        from: 'node1',
        to: 'node2',
        is: `passthru-takes-all at ${node1}`,
      },
    ],
    alike: [
      { what: 'the child itself', modes: ['passthru'], from: 'node1/ns1', to: 'node2', is: 'reached' },
      { what: 'a bridge child takes nothing', modes: ['bridge'], from: 'node2', to: 'node1', is: 'reached' },
      {
        what: 'no child is left to take anything',
        modes: ['passthru'],
        given: ({ node1: { $ } }) => $`ip -n ns1 link del mac1`,
        from: 'node2',
        to: 'node1',
        is: 'reached',
      },
    ],
  },
}

async function allowNode2({ node1, node2 }: TrialHosts): Promise<void> {
  const mac = (await node2.$`cat /sys/class/net/eth0/address`).stdout.trim()
  await node1.$`ip -n ns1 link set mac1 type macvlan macaddr add ${mac}`
}

/** Rules, not the main table, lead from ns1 to its host and back by the router on their wire; then something befalls one of them. */
function byRouter(then?: (hosts: TrialHosts) => Promise<unknown>): (hosts: TrialHosts) => Promise<void> {
  return async (hosts) => {
    await detour(hosts, '10.0.0.1', '')
    await then?.(hosts)
  }
}

/** The same between ns1 and ns2, and the router throws away what is for ns2. */
async function byRouterInVain(hosts: TrialHosts): Promise<void> {
  await detour(hosts, '10.0.0.12', '-n ns2')
  await hosts.gw.$`ip route add blackhole 10.0.0.12/32`
}

async function detour({ node1: { $ }, gw }: TrialHosts, other: string, there: string): Promise<void> {
  await gw.$`sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0`
  for (const [place, to] of [
    ['-n ns1', other],
    [there, '10.0.0.11'],
  ] as const)
    await $`bash -c ${`ip ${place} route add ${to}/32 via 10.0.0.254 table 100; ip ${place} rule add pref 100 to ${to} lookup 100`}`
}

/** Two private children in two subnets, which the router on their wire joins. */
async function apart({ node1, gw }: TrialHosts): Promise<void> {
  await gw.$`ip addr add 10.5.0.254/24 dev eth0`
  await gw.$`sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0`
  await node1.$`ip -n ns2 addr flush dev mac2`
  await node1.$`ip -n ns2 addr add 10.5.0.12/24 dev mac2`
  await node1.$`ip -n ns1 route add default via 10.0.0.254`
  await node1.$`ip -n ns2 route add default via 10.5.0.254`
}

async function knowEachOther({ node1: { $ } }: TrialHosts): Promise<void> {
  const one = (await $`ip netns exec ns1 cat /sys/class/net/mac1/address`).stdout.trim()
  const two = (await $`ip netns exec ns2 cat /sys/class/net/mac2/address`).stdout.trim()
  await $`ip -n ns1 neigh add 10.0.0.12 lladdr ${two} dev mac1 nud permanent`
  await $`ip -n ns2 neigh add 10.0.0.11 lladdr ${one} dev mac2 nud permanent`
}
