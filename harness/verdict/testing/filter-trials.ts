import { tcp, udp } from '../../model/probe.ts'
import type { Reason } from '../../model/verdict.ts'
import type { Trial } from './bench.ts'
import { onNode1, onNode2 } from './commands.ts'

const nft = (hook: string, rule: string): string =>
  `nft 'table inet t { chain c { type filter hook ${hook} priority 0; ${rule}; }; }'`
const own80 = { service: 'own' } as const
/** A route to the far wire by a device that leads nowhere. */
const wrongWayBack =
  'ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up; ip route add 10.9.0.0/24 dev d0'
/** A namespace behind a bridge of its host, which routes for it. */
const behindBridge = `ip netns add ns9; ip link add br0 address 02:4e:57:00:05:01 type bridge; ip addr add 10.5.0.1/24 dev br0; ip link set br0 up
  ip link add v9 type veth peer name eth0 netns ns9; ip link set v9 master br0 up; sysctl -qw net.ipv4.ip_forward=1
  ip -n ns9 addr add 10.5.0.9/24 dev eth0; ip -n ns9 link set eth0 up; ip -n ns9 route add default via 10.5.0.1`

/** Per reason: what provokes it, and look-alikes with what they are instead. */
export const filterTrials: Readonly<
  Partial<Record<Reason, { readonly provoked: readonly Trial[]; readonly alike: readonly Trial[] }>>
> = {
  'netfilter-drop': {
    provoked: [
      {
        what: 'a rule at the target’s input',
        given: onNode2(nft('input', 'icmp type echo-request drop')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a policy at the target’s input',
        given: onNode2(nft('input', 'policy drop')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a rule at the target’s input, over IPv6',
        given: onNode2(nft('input', 'icmpv6 type echo-request drop')),
        from: 'node1',
        to: 'node2',
        family: 6,
        is: 'netfilter-drop at node2',
      },
      {
        what: 'before routing',
        given: onNode2(nft('prerouting', 'tcp dport 8080 drop')),
        from: 'node1',
        to: 'node2',
        over: tcp(8080),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a UDP port',
        given: onNode2(nft('input', 'udp dport 5353 drop')),
        from: 'node1',
        to: 'node2',
        over: udp(5353),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'at the source’s output',
        given: onNode1(nft('output', 'policy drop')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'the answer at the target’s output',
        given: onNode2(nft('output', 'icmp type echo-reply drop')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'the answer at the source’s input',
        given: onNode1(nft('input', 'icmp type echo-reply drop')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'a rule of an egress hook',
        given: onNode2(
          "nft 'table netdev t { chain c { type filter hook egress device eth0 priority 0; ip protocol icmp drop; }; }'",
        ),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a rule that rejects',
        given: onNode2(nft('input', 'reject')),
        from: 'node1',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'of what a bridge handed to its own stack, with the time stamp of its port',
        given: onNode1(`${behindBridge}; ${nft('forward', 'icmp type echo-request drop')}`),
        from: 'node1/ns9',
        to: 'node2',
        is: 'netfilter-drop at node1',
      },
      {
        what: 'at a bridge’s port, where a frame for the bridge’s own MAC address is for another',
        given: onNode1(
          `${behindBridge}; sysctl -qw net.bridge.bridge-nf-call-iptables=1; ${nft('prerouting', 'icmp type echo-request drop')}`,
        ),
        from: 'node1/ns9',
        to: 'node2',
        is: 'netfilter-drop at node1',
      },
    ],
    alike: [
      {
        what: 'a rule for another port',
        given: onNode2(nft('input', 'tcp dport 81 drop')),
        from: 'node1',
        to: 'node2',
        over: tcp(80),
        is: 'reached',
      },
      {
        what: 'a rule for TCP, asked by ICMP',
        given: onNode2(nft('input', 'meta l4proto tcp drop')),
        from: 'node1',
        to: 'node2',
        is: 'reached',
      },
      {
        what: 'a rule of an ingress hook, which no trace shows',
        given: onNode2(
          "nft 'table netdev t { chain c { type filter hook ingress device eth0 priority 0; ip protocol icmp drop; }; }'",
        ),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: not-traceable',
      },
      {
        what: 'a limit that the probe keeps and its repeat exceeds',
        given: onNode2(
          `ip route add blackhole 10.0.0.1; ${nft('input', 'icmp type echo-request limit rate over 1/day burst 1 packets drop')}`,
        ),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: not-traceable',
      },
      {
        what: 'a policy that gets what exceeds a limit',
        given: onNode2(
          `ip route add blackhole 10.0.0.1; ${nft('input', 'policy drop; icmp type echo-request limit rate 1/day burst 1 packets accept')}`,
        ),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: not-traceable',
      },
      {
        what: 'an unrelated rule, and echo requests are ignored',
        given: onNode2(`${nft('input', 'tcp dport 81 drop')}; sysctl -qw net.ipv4.icmp_echo_ignore_all=1`),
        from: 'node1',
        to: 'node2',
        is: 'inconclusive: unexplained',
      },
    ],
  },
  'reverse-path-filter': {
    provoked: [
      {
        what: 'the way back leaves by another device',
        given: onNode2(`${wrongWayBack}; sysctl -qw net.ipv4.conf.all.rp_filter=1`),
        from: 'client',
        to: 'node2',
        is: 'reverse-path-filter at node2 eth0',
      },
      {
        what: 'by UDP',
        given: onNode2(`${wrongWayBack}; sysctl -qw net.ipv4.conf.all.rp_filter=1`),
        from: 'client',
        to: 'node2',
        over: udp(53),
        is: 'reverse-path-filter at node2 eth0',
      },
    ],
    alike: [
      {
        what: 'loose: any device will do',
        given: onNode2('sysctl -qw net.ipv4.conf.all.rp_filter=2'),
        from: 'client',
        to: 'node2',
        is: 'reached',
      },
      {
        what: 'strict, and netfilter drops before it',
        given: onNode2(`sysctl -qw net.ipv4.conf.all.rp_filter=1; ${nft('prerouting', 'ip protocol icmp drop')}`),
        from: 'client',
        to: 'node2',
        is: 'netfilter-drop at node2',
      },
      {
        what: 'strict, and the way back is the way there',
        given: onNode2('sysctl -qw net.ipv4.conf.all.rp_filter=1'),
        from: 'client',
        to: 'node2',
        is: 'reached',
      },
      {
        what: 'strict, and no way back at all',
        modes: ['bridge'],
        given: onNode1('ip netns exec ns1 sysctl -qw net.ipv4.conf.all.rp_filter=1'),
        from: 'client',
        to: 'node1/ns1',
        is: 'no-return-route at node1/ns1',
      },
    ],
  },
  'no-listener': {
    provoked: [
      { what: 'TCP', from: 'node1', to: 'node2', over: tcp(80, own80), is: 'no-listener at node2 eth0' },
      {
        what: 'TCP over IPv6',
        from: 'node1',
        to: 'node2',
        family: 6,
        over: tcp(80, own80),
        is: 'no-listener at node2 eth0',
      },
      { what: 'UDP', from: 'node1', to: 'node2', over: udp(53, own80), is: 'no-listener at node2 eth0' },
      {
        what: 'UDP over IPv6',
        from: 'node1',
        to: 'node2',
        family: 6,
        over: udp(53, own80),
        is: 'no-listener at node2 eth0',
      },
      {
        what: 'another port has rules',
        given: onNode2(nft('input', 'tcp dport 81 reject with tcp reset')),
        from: 'node1',
        to: 'node2',
        over: tcp(80, own80),
        is: 'no-listener at node2 eth0',
      },
    ],
    alike: [
      {
        what: 'a rule resets while the service listens',
        given: onNode2(nft('input', 'tcp dport 80 reject with tcp reset')),
        from: 'node1',
        to: 'node2',
        over: tcp(80),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a rule resets and nothing listens',
        given: onNode2(nft('input', 'tcp dport 80 reject with tcp reset')),
        from: 'node1',
        to: 'node2',
        over: tcp(80, own80),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a rule answers port-unreachable for UDP',
        given: onNode2(nft('input', 'udp dport 53 reject with icmp type port-unreachable')),
        from: 'node1',
        to: 'node2',
        over: udp(53),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'a rule drops',
        given: onNode2(nft('input', 'tcp dport 80 drop')),
        from: 'node1',
        to: 'node2',
        over: tcp(80, own80),
        is: 'netfilter-drop at node2',
      },
      {
        what: 'the router resets in the target’s name',
        given: ({ gw: { $ } }) => $`bash -c ${nft('forward', 'tcp dport 80 reject with tcp reset')}`,
        from: 'node1',
        to: 'client',
        over: tcp(80),
        is: 'netfilter-drop at gw',
      },
      { what: 'the service listens', from: 'node1', to: 'node2', over: tcp(80), is: 'reached' },
    ],
  },
}
