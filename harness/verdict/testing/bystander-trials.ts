import { tcp } from '../../model/probe.ts'
import type { Trial, TrialHosts } from './bench.ts'

const on =
  (host: keyof TrialHosts, command: string) =>
  (hosts: TrialHosts): Promise<unknown> =>
    hosts[host].$`bash -c ${command}`
const inOrder =
  (...steps: readonly ((hosts: TrialHosts) => Promise<unknown>)[]) =>
  async (hosts: TrialHosts): Promise<void> => {
    for (const step of steps) await step(hosts)
  }
const input = (rule: string): string =>
  `nft 'table inet t { chain c { type filter hook input priority 0; ${rule}; }; }'`
const echoIgnored = 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1'
/** Pings of somebody else to the same target, all the while. */
const pinging = (host: keyof TrialHosts, address: string, by = ''): ((hosts: TrialHosts) => Promise<unknown>) =>
  on(host, `ping -n -i 0.01 ${by} ${address} >/dev/null 2>&1 &`)
const masquerade = on(
  'gw',
  "nft 'table ip t { chain p { type nat hook postrouting priority 100; oifname eth1 masquerade; }; }'",
)
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
    what: 'a rule drops somebody else’s connections to the same port, and an egress hook, which no trace shows, the answers',
    given: inOrder(
      on('node2', `${input('ip saddr 10.0.0.254 tcp dport 8080 drop')}; ip route add blackhole 10.0.0.1`),
      on('gw', 'while :; do timeout 0.05 bash -c "</dev/tcp/10.0.0.2/8080"; done >/dev/null 2>&1 &'),
    ),
    from: 'node1',
    to: 'node2',
    over: tcp(8080),
    is: 'inconclusive: unexplained',
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
]
