import { tcp } from '../../model/probe.ts'
import type { Trial, TrialHosts } from './bench.ts'
import { echoIgnored, on } from './commands.ts'

const inOrder =
  (...steps: readonly ((hosts: TrialHosts) => Promise<unknown>)[]) =>
  async (hosts: TrialHosts): Promise<void> => {
    for (const step of steps) await step(hosts)
  }
const input = (rule: string): string =>
  `nft 'table inet t { chain c { type filter hook input priority 0; ${rule}; }; }'`
/** Pings of somebody else to the same target, all the while. */
const pinging = (host: keyof TrialHosts, address: string, by = ''): ((hosts: TrialHosts) => Promise<unknown>) =>
  on(host, `ping -n -i 0.01 ${by} ${address} >/dev/null 2>&1 &`)
const masquerade = on(
  'gw',
  "nft 'table ip t { chain p { type nat hook postrouting priority 100; oifname eth1 masquerade; }; }'",
)
/** Node2 takes what is from 10.77.0.0/24 by another device than eth0 only. */
const strict =
  'ip link add d0 type bridge; ip link set d0 up; ip route add 10.77.0.0/24 dev d0; sysctl -qw net.ipv4.conf.eth0.rp_filter=1'
const lots = `${echoIgnored}; ${input('icmp type echo-request meta random < 0x80000000 drop')}`

/** What befell packets of somebody else, or the repeat alone, and is taken for the probe's fate. */
export const bystanderTrials: readonly Trial[] = [
  {
    what: 'a rule drops somebody else’s pings to the same target, which ignores echo requests',
    given: inOrder(on('node2', `${echoIgnored}; ${input('ip saddr 10.0.0.254 drop')}`), pinging('gw', '10.0.0.2')),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'over IPv6',
    given: inOrder(
      on(
        'node2',
        `sysctl -qw net.ipv6.icmp.echo_ignore_all=1; ${input('ip6 saddr fd00:a::254 icmpv6 type echo-request drop')}`,
      ),
      pinging('gw', 'fd00:a::2'),
    ),
    from: 'node1',
    to: 'node2',
    family: 6,
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule drops other pings of the source itself, and the target ignores echo requests',
    given: inOrder(
      on('node2', `${echoIgnored}; ${input('icmp type echo-request meta length 128 drop')}`),
      pinging('node1', '10.0.0.2', '-s 100'),
    ),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'the source drops other pings of its own, and the probe is lost at an egress hook before it is seen anywhere',
    given: inOrder(
      on(
        'node1',
        `nft 'table netdev e { chain e { type filter hook egress device eth0 priority 0; drop; }; }
         table inet t { chain c { type filter hook output priority 0; icmp type echo-request meta length 128 drop; }; }'`,
      ),
      pinging('node1', '10.0.0.2', '-s 100'),
    ),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'a rule drops the probe, amid pings of somebody else that pass',
    given: inOrder(on('node2', input('ip saddr 10.0.0.1 drop')), pinging('gw', '10.0.0.2')),
    from: 'node1',
    to: 'node2',
    is: 'netfilter-drop at node2',
  },
  {
    what: 'a rule drops the probe, whose sender was rewritten on the way',
    given: inOrder(masquerade, on('client', input('ip saddr 10.9.0.254 icmp type echo-request drop'))),
    from: 'node1',
    to: 'client',
    is: 'netfilter-drop at client',
  },
  {
    what: 'a rule drops the answer to a rewritten sender',
    given: inOrder(
      masquerade,
      on('client', "nft 'table ip t { chain o { type filter hook output priority 0; icmp type echo-reply drop; }; }'"),
    ),
    from: 'node1',
    to: 'client',
    is: 'netfilter-drop at client',
  },
  {
    what: 'a router drops the answer once it is addressed to the true sender again',
    given: inOrder(
      masquerade,
      on(
        'gw',
        "nft 'table ip f { chain f { type filter hook forward priority 0; ip daddr 10.0.0.1 icmp type echo-reply drop; }; }'",
      ),
    ),
    from: 'node1',
    to: 'client',
    is: 'netfilter-drop at gw',
  },
  {
    what: 'a rule drops somebody else’s connections to the same port, and the way back is a blackhole',
    given: inOrder(
      on('node2', `${input('ip saddr 10.0.0.254 tcp dport 8080 drop')}; ip route add blackhole 10.0.0.1`),
      on('gw', 'while :; do timeout 0.05 bash -c "</dev/tcp/10.0.0.2/8080"; done >/dev/null 2>&1 &'),
    ),
    from: 'node1',
    to: 'node2',
    over: tcp(8080),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'rp_filter refuses somebody else’s pings, and echo requests are ignored',
    given: inOrder(
      on('node2', `${echoIgnored}; ${strict}`),
      on('gw', 'sysctl -qw net.ipv4.conf.all.arp_announce=2; ip addr add 10.77.0.9/32 dev lo; ip link set lo up'),
      pinging('gw', '10.0.0.2', '-I 10.77.0.9'),
    ),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'rp_filter refuses the probe as well as somebody else’s pings',
    given: inOrder(
      on('node2', `${strict}; ip route add 10.9.0.0/24 dev d0`),
      on('gw', 'sysctl -qw net.ipv4.conf.all.arp_announce=2; ip addr add 10.77.0.9/32 dev lo; ip link set lo up'),
      pinging('gw', '10.0.0.2', '-I 10.77.0.9'),
    ),
    from: 'client',
    to: 'node2',
    is: 'reverse-path-filter at node2 eth0',
  },
  {
    what: 'rp_filter of the source refuses the answer, which comes in by another device than the request left by',
    given: inOrder(
      on(
        'node1',
        `ip link add link eth0 name mac0 address 02:4e:57:00:07:07 type macvlan mode bridge; ip addr add 10.0.0.77/32 dev mac0
         ip link set mac0 up; ip route replace default via 10.0.0.254 dev eth0 src 10.0.0.77; sysctl -qw net.ipv4.conf.all.rp_filter=1`,
      ),
      on('gw', 'ip neigh replace 10.0.0.77 lladdr 02:4e:57:00:07:07 dev eth0 nud permanent'),
    ),
    from: 'node1',
    to: 'client',
    is: 'reverse-path-filter at node1 mac0',
  },
  {
    what: 'rp_filter of a router refuses the request',
    given: inOrder(
      on(
        'gw',
        'ip link add d0 type bridge; ip link set d0 up; ip route add 10.66.0.5/32 dev d0; sysctl -qw net.ipv4.conf.all.rp_filter=1',
      ),
      on(
        'node1',
        'sysctl -qw net.ipv4.conf.all.arp_announce=2; ip addr add 10.66.0.5/32 dev lo; ip route replace default via 10.0.0.254 src 10.66.0.5',
      ),
    ),
    from: 'node1',
    to: 'client',
    is: 'reverse-path-filter at gw eth0',
  },
  ...[1, 2, 3].map((time): Trial => ({
    what: `a rule draws lots, and echo requests are ignored, ${time}`,
    given: on('node2', lots),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: not-traceable',
  })),
  {
    what: 'a rule looks at what a connection has carried so far',
    given: on('node2', `${echoIgnored}; ${input('icmp type echo-request ct original packets >= 1 drop')}`),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: not-traceable',
  },
  {
    what: 'rules draw lots, and none of them can drop',
    given: on('node2', `${echoIgnored}; ${input('icmp type echo-request meta random < 0x80000000 counter')}`),
    from: 'node1',
    to: 'node2',
    is: 'inconclusive: unexplained',
  },
  {
    what: 'NAT draws the source port, another port is dropped, and nothing listens: no-listener',
    given: on(
      'node2',
      `${input('tcp dport 81 drop')}; nft 'table ip n { chain p { type nat hook postrouting priority 100; masquerade fully-random; }; }'`,
    ),
    from: 'node1',
    to: 'node2',
    over: tcp(8080, { service: 'own' }),
    is: 'no-listener at node2 eth0',
  },
  {
    what: 'a limit counts pings, the port is open to all, and nothing listens: no-listener',
    given: on('node2', input('policy drop; icmp type echo-request limit rate 5/second accept; tcp dport 8080 accept')),
    from: 'node1',
    to: 'node2',
    over: tcp(8080, { service: 'own' }),
    is: 'no-listener at node2 eth0',
  },
]
