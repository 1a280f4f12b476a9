import { multicast, tcp, udp } from '../../model/probe.ts'
import type { Reason } from '../../model/verdict.ts'
import type { Trial, TrialHosts } from './bench.ts'

const ns1 = 'node1/ns1'
const ns2 = 'node1/ns2'
const parent = 'node1 eth0'
const isolated = `ipvlan-parent-isolation at ${parent}`
const port = 'wire:lan node1-eth0'

const inputDrop = ({ node1: { $ } }: TrialHosts) =>
  $`nft -f - <<< ${'table inet t { chain in { type filter hook input priority 0; policy drop; }; }'}`
const outputDrop = ({ node1: { $ } }: TrialHosts) =>
  $`nft -f - <<< ${'table inet t { chain out { type filter hook output priority 0; ip daddr 10.0.0.2 drop; }; }'}`
const hostChild =
  (mode: string) =>
  ({ node1: { $ } }: TrialHosts) =>
    $`ip link add link eth0 ipvl0 type ipvlan mode ${mode} && ip addr add 10.0.0.13/32 dev ipvl0 && ip link set ipvl0 up`
/** The children get a subnet of their own, and default routes by their devices. */
const ownSubnets = async ({ node1: { $ } }: TrialHosts): Promise<void> => {
  for (const n of ['1', '2']) {
    await $`ip -n ns${n} addr flush dev mac${n} && ip -n ns${n} addr add 10.${n}.0.1/24 dev mac${n}`
    await $`ip -n ns${n} route add default dev mac${n}`
  }
}

/** The parent asks for neighbours of its l3 children by a link-local address, or not at all (ndisc_solicit). */
const solicits = ({ node1: { $ } }: TrialHosts) => $`ip -6 addr add fe80::1/64 dev eth0 nodad`

/** And node2 knows that ns1's is behind node1. */
const routedSubnets = async (hosts: TrialHosts): Promise<void> => {
  await ownSubnets(hosts)
  await hosts.node2.$`ip route add 10.1.0.0/24 via 10.0.0.1`
}

/** Rules, not the main table, lead from ns1 to its host and back by the router on their wire. */
const byRouter = async ({ node1: { $ }, gw }: TrialHosts): Promise<void> => {
  await gw.$`sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0`
  await $`ip -n ns1 route add 10.0.0.1/32 via 10.0.0.254 table 100`
  await $`ip -n ns1 rule add pref 100 to 10.0.0.1 lookup 100`
  await $`ip route add 10.0.0.11/32 via 10.0.0.254 table 100`
  await $`ip rule add pref 100 to 10.0.0.11 lookup 100`
}

/** Per reason: what provokes it on ipvlan, and look-alikes with what they are instead. */
export const ipvlanTrials: Readonly<
  Partial<Record<Reason, { readonly provoked: readonly Trial[]; readonly alike: readonly Trial[] }>>
> = {
  'ipvlan-parent-isolation': {
    provoked: [
      { what: 'an l2 child asks its parent’s stack', ipvlan: 'l2', from: ns1, to: 'node1', is: isolated },
      { what: 'over IPv6', ipvlan: 'l2', from: ns1, to: 'node1', family: 6, is: isolated },
      { what: 'by TCP', ipvlan: 'l2', from: ns1, to: 'node1', over: tcp(8080), is: isolated },
      { what: 'the parent’s stack asks an l2 child', ipvlan: 'l2', from: 'node1', to: ns1, is: isolated },
      { what: 'over IPv6, from the parent’s stack', ipvlan: 'l2', from: 'node1', to: ns1, family: 6, is: isolated },
      {
        what: 'the parent’s address is an l2 child’s router',
        ipvlan: 'l2',
        given: async ({ node1: { $ } }) => {
          await $`sysctl -w net.ipv4.ip_forward=1`
          await $`ip -n ns1 route add default via 10.0.0.1`
        },
        from: ns1,
        to: 'client',
        is: isolated,
      },
      { what: 'an l3 child asks its parent’s stack', ipvlan: 'l3', from: ns1, to: 'node1', is: isolated },
      { what: 'by UDP', ipvlan: 'l3', from: ns1, to: 'node1', over: udp(5353), is: isolated },
      { what: 'an l3s child asks its parent’s stack', ipvlan: 'l3s', from: ns1, to: 'node1', is: isolated },
      { what: 'the parent’s stack asks an l3 child', ipvlan: 'l3', from: 'node1', to: ns1, is: isolated },
      { what: 'with flag vepa', ipvlan: 'l2 vepa', from: ns1, to: 'node1', is: isolated },
      { what: 'with flag private', ipvlan: 'l2 private', from: 'node1', to: ns1, is: isolated },
      {
        what: 'the parent is a permanent neighbour, unicast for it comes up, and it is the answer that stops',
        ipvlan: 'l2',
        given: async ({ node1: { $ } }) => {
          const mac = (await $`cat /sys/class/net/eth0/address`).stdout.trim()
          await $`ip -n ns1 neigh add 10.0.0.1 lladdr ${mac} dev mac1 nud permanent`
        },
        from: ns1,
        to: 'node1',
        is: isolated,
      },
    ],
    alike: [
      {
        what: 'the host has a child of its own, which answers for all its addresses',
        ipvlan: 'l2',
        given: async (hosts) => {
          await hostChild('l2')(hosts)
          await hosts.node1.$`ip route add 10.0.0.11/32 dev ipvl0`
        },
        from: ns1,
        to: '10.0.0.1',
        is: 'reached',
      },
      {
        what: 'a reflecting switch joins child and parent',
        ipvlan: 'l2',
        hairpin: true,
        from: ns1,
        to: 'node1',
        is: 'reached',
      },
      {
        what: 'behind a reflecting switch the host drops input',
        ipvlan: 'l2',
        hairpin: true,
        given: inputDrop,
        from: ns1,
        to: 'node1',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'the host drops what an l3 child sends it',
        ipvlan: 'l3',
        given: ({ node1: { $ } }) =>
          $`nft -f - <<< ${'table ip t { chain in { type filter hook input priority 0; ip saddr 10.0.0.11 drop; }; }'}`,
        from: ns1,
        to: 'node1',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'the parent is down',
        ipvlan: 'l2',
        given: ({ node1: { $ } }) => $`ip link set eth0 down`,
        from: ns1,
        to: 'node1',
        is: `link-down at ${parent}`,
      },
      {
        what: 'the host’s address is gone, and is asked for by number',
        ipvlan: 'l2',
        given: ({ node1: { $ } }) => $`ip addr flush dev eth0`,
        from: ns1,
        to: '10.0.0.1',
        is: 'neighbour-unanswered at wire:lan',
      },
      {
        what: 'an l2 child has its host’s address as well and answers in the place of the host, which cannot',
        ipvlan: 'l2',
        given: async ({ node1: { $ } }) => {
          await $`ip -n ns1 addr add 10.0.0.1/24 dev mac1`
          await $`sysctl -w net.ipv4.icmp_echo_ignore_all=1`
        },
        from: 'node2',
        to: 'node1',
        is: 'inconclusive: contradictory',
      },
      {
        what: 'rules lead both ways by a router',
        ipvlan: 'l2',
        given: byRouter,
        from: ns1,
        to: 'node1',
        is: 'reached',
      },
      {
        what: 'rules lead both ways by a router, which throws the request away',
        ipvlan: 'l2',
        given: async (hosts) => {
          await byRouter(hosts)
          await hosts.gw.$`ip route add blackhole 10.0.0.1/32`
        },
        from: ns1,
        to: 'node1',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'rules lead both ways by a router, which throws the answer away',
        ipvlan: 'l2',
        given: async (hosts) => {
          await byRouter(hosts)
          await hosts.gw.$`ip route add blackhole 10.0.0.11/32`
        },
        from: ns1,
        to: 'node1',
        is: 'inconclusive: unexplained',
      },
      { what: 'an l2 child asks a neighbour', ipvlan: 'l2', from: ns1, to: 'node2', is: 'reached' },
      { what: 'two l2 children', ipvlan: 'l2', from: ns1, to: ns2, is: 'reached' },
      {
        what: 'a sibling’s answer is lost, while the host, asked as well, looks for the child in vain',
        ipvlan: 'l3',
        given: ({ node1: { $ } }) => $`ip -n ns2 route add blackhole 10.0.0.11`,
        from: ns1,
        to: ns2,
        beside: 'node1',
        is: 'inconclusive: unexplained',
      },
      {
        what: 'a sibling’s way back is an IPv6 blackhole, which goes with lo once that is taken down',
        ipvlan: 'l3',
        given: ({ node1: { $ } }) =>
          $`bash -c ${'ip -n ns2 link set lo down; ip -n ns2 -6 route add blackhole fd00:a::11'}`,
        from: ns1,
        to: ns2,
        family: 6,
        is: 'inconclusive: unexplained',
      },
    ],
  },
  'no-return-route': {
    provoked: [
      {
        what: 'an l3 child knows no way to its sibling’s subnet',
        ipvlan: 'l3',
        given: async (hosts) => {
          await ownSubnets(hosts)
          await hosts.node1.$`ip -n ns2 route del default`
        },
        from: ns1,
        to: ns2,
        is: 'no-return-route at node1/ns2',
      },
    ],
    alike: [
      {
        what: 'a sibling without an address of its own asks from ::1, which nobody listens to',
        ipvlan: 'l3',
        given: ({ node1: { $ } }) =>
          $`bash -c ${'ip -n ns1 -6 addr del fd00:a::11/64 dev mac1; ip -n ns1 -6 route add default dev mac1; ip -n ns2 link set lo down'}`,
        from: ns1,
        to: ns2,
        family: 6,
        is: 'inconclusive: unexplained',
      },
    ],
  },
  'private-mode': {
    provoked: [
      { what: 'l2', ipvlan: 'l2 private', from: ns1, to: ns2, is: `private-mode at ${parent}` },
      { what: 'l2 over IPv6', ipvlan: 'l2 private', from: ns1, to: ns2, family: 6, is: `private-mode at ${parent}` },
      { what: 'l2 by TCP', ipvlan: 'l2 private', from: ns1, to: ns2, over: tcp(8080), is: `private-mode at ${parent}` },
      {
        what: 'l2 behind a reflecting switch',
        ipvlan: 'l2 private',
        hairpin: true,
        from: ns1,
        to: ns2,
        is: `private-mode at ${parent}`,
      },
      { what: 'l3', ipvlan: 'l3 private', from: ns1, to: ns2, is: `private-mode at ${parent}` },
      { what: 'l3s', ipvlan: 'l3s private', from: ns1, to: ns2, is: `private-mode at ${parent}` },
      { what: 'l3 by UDP', ipvlan: 'l3 private', from: ns1, to: ns2, over: udp(5353), is: `private-mode at ${parent}` },
    ],
    alike: [
      { what: 'l3 without the flag', ipvlan: 'l3', from: ns1, to: ns2, is: 'reached' },
      { what: 'a private child and the world', ipvlan: 'l2 private', from: ns1, to: 'node2', is: 'reached' },
      {
        what: 'the sibling is down',
        ipvlan: 'l2 private',
        given: ({ node1: { $ } }) => $`ip -n ns2 link set mac2 down`,
        from: ns1,
        to: ns2,
        is: 'link-down at node1/ns2 mac2',
      },
      {
        what: 'the sibling drops input, without the flag',
        ipvlan: 'l2',
        given: ({ node1: { $ } }) =>
          $`ip netns exec ns2 nft -f - <<< ${'table inet t { chain in { type filter hook input priority 0; policy drop; }; }'}`,
        from: ns1,
        to: ns2,
        is: 'netfilter-drop at node1/ns2',
      },
    ],
  },
  'vepa-not-reflected': {
    provoked: [
      { what: 'l2', ipvlan: 'l2 vepa', from: ns1, to: ns2, is: `vepa-not-reflected at ${port}` },
      { what: 'l2 over IPv6', ipvlan: 'l2 vepa', from: ns1, to: ns2, family: 6, is: `vepa-not-reflected at ${port}` },
      {
        what: 'l2 by TCP',
        ipvlan: 'l2 vepa',
        from: ns1,
        to: ns2,
        over: tcp(8080),
        is: `vepa-not-reflected at ${port}`,
      },
      { what: 'l3', ipvlan: 'l3 vepa', from: ns1, to: ns2, is: `vepa-not-reflected at ${port}` },
    ],
    alike: [
      { what: 'l2 behind a reflecting switch', ipvlan: 'l2 vepa', hairpin: true, from: ns1, to: ns2, is: 'reached' },
      { what: 'a child with flag vepa and the world', ipvlan: 'l2 vepa', from: ns1, to: 'node2', is: 'reached' },
      {
        what: 'rules lead both ways by a router, which throws the answer away',
        ipvlan: 'l2 vepa',
        given: async ({ node1: { $ }, gw }) => {
          await gw.$`sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0`
          for (const [ns, to] of [
            ['ns1', '10.0.0.12'],
            ['ns2', '10.0.0.11'],
          ] as const) {
            await $`ip -n ${ns} route add ${to}/32 via 10.0.0.254 table 100`
            await $`ip -n ${ns} rule add pref 100 to ${to} lookup 100`
          }
          await gw.$`ip route add blackhole 10.0.0.11/32`
        },
        from: ns1,
        to: ns2,
        is: 'inconclusive: unexplained',
      },
      {
        what: 'the switch’s port is down',
        ipvlan: 'l2 vepa',
        given: ({ node1: { $ } }) => $`ip link set eth0 down`,
        from: ns1,
        to: ns2,
        is: `link-down at ${parent}`,
      },
    ],
  },
  'l3-no-multicast': {
    provoked: [
      {
        what: 'between l3 children',
        ipvlan: 'l3',
        from: ns1,
        to: ns2,
        over: multicast(5000),
        is: 'l3-no-multicast at node1/ns1 mac1',
      },
      {
        what: 'between l3s children',
        ipvlan: 'l3s',
        from: ns1,
        to: ns2,
        over: multicast(5000),
        is: 'l3-no-multicast at node1/ns1 mac1',
      },
      {
        what: 'from a neighbour',
        ipvlan: 'l3',
        from: 'node2',
        to: ns1,
        over: multicast(5000),
        is: `l3-no-multicast at ${parent}`,
      },
      {
        what: 'a neighbour’s solicitation for an l3 child',
        ipvlan: 'l3',
        from: 'node2',
        to: ns1,
        family: 6,
        is: `l3-no-multicast at ${parent}`,
      },
      {
        what: 'a neighbour’s solicitation for an l3s child, by TCP',
        ipvlan: 'l3s',
        from: 'node2',
        to: ns1,
        family: 6,
        over: tcp(8080),
        is: `l3-no-multicast at ${parent}`,
      },
      {
        what: 'the solicitation for the way back to an l3 child',
        ipvlan: 'l3',
        given: solicits,
        from: ns1,
        to: 'node2',
        family: 6,
        is: `l3-no-multicast at ${parent}`,
      },
    ],
    alike: [
      { what: 'between l2 children', ipvlan: 'l2', from: ns1, to: ns2, over: multicast(5000), is: 'reached' },
      {
        what: 'from a neighbour to an l2 child',
        ipvlan: 'l2',
        from: 'node2',
        to: ns1,
        over: multicast(5000),
        is: 'reached',
      },
      {
        what: 'a neighbour’s solicitation for an l2 child',
        ipvlan: 'l2',
        from: 'node2',
        to: ns1,
        family: 6,
        is: 'reached',
      },
      {
        what: 'the parent’s stack answers a solicitation in the l3 child’s place',
        ipvlan: 'l3',
        given: async (hosts) => {
          await solicits(hosts)
          await hosts.node1
            .$`sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.eth0.proxy_ndp=1 net.ipv6.neigh.eth0.proxy_delay=0 && ip -6 neigh add proxy fd00:a::11 dev eth0`
        },
        from: 'node2',
        to: ns1,
        family: 6,
        is: 'reached',
      },
      {
        what: 'the parent’s stack answers solicitations for others, and not this one',
        ipvlan: 'l3',
        given: ({ node1: { $ } }) => $`sysctl -qw net.ipv6.conf.eth0.proxy_ndp=1`,
        from: 'node2',
        to: ns1,
        family: 6,
        is: 'inconclusive: unexplained',
      },
      {
        what: 'an ARP request is given to an l3 child, which is NOARP',
        ipvlan: 'l3',
        from: 'node2',
        to: ns1,
        is: 'neighbour-unanswered at node1/ns1 mac1',
      },
      {
        what: 'a solicitation comes in at the parent for an address that no child has',
        ipvlan: 'l3',
        from: 'node2',
        to: 'fd00:a::99',
        family: 6,
        is: 'neighbour-unanswered at wire:lan',
      },
    ],
  },
  'forwarding-off': {
    provoked: [],
    alike: [
      {
        what: 'what comes in for an l3 child, by a route by its parent, need not be forwarded',
        ipvlan: 'l3',
        given: routedSubnets,
        from: 'node2',
        to: ns1,
        is: 'reached',
      },
      {
        what: 'for an l3s child neither',
        ipvlan: 'l3s',
        given: routedSubnets,
        from: 'node2',
        to: ns1,
        is: 'reached',
      },
      {
        what: 'the l3 child has no way back',
        ipvlan: 'l3',
        given: async (hosts) => {
          await routedSubnets(hosts)
          await hosts.node1.$`ip -n ns1 route del default`
        },
        from: 'node2',
        to: ns1,
        is: 'no-return-route at node1/ns1',
      },
      {
        what: 'the host’s input hook sees what comes in for an l3s child',
        ipvlan: 'l3s',
        given: async (hosts) => {
          await routedSubnets(hosts)
          await inputDrop(hosts)
        },
        from: 'node2',
        to: ns1,
        is: 'netfilter-drop at node1',
      },
      {
        what: 'the host’s output hook sees what an l3 child sends',
        ipvlan: 'l3',
        given: outputDrop,
        from: ns1,
        to: 'node2',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'an address that neither the l3 child nor its host has a route to',
        ipvlan: 'l3',
        from: ns1,
        to: 'client',
        is: 'no-route at node1/ns1',
      },
    ],
  },
}
