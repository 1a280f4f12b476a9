import { describe, expect, test } from 'vitest'
import { icmp, tcp, udp, type Family, type Protocol } from '../model/probe.ts'
import { mayDecideAnew } from './netfilter-rules.ts'

const inChain = (...rules: readonly string[]): string =>
  `table inet t {\n\tchain c {\n\t\ttype filter hook input priority filter; policy accept;\n\t\t${rules.join('\n\t\t')}\n\t}\n}`

const probe = (protocol: Protocol, family: Family = 4): { protocol: Protocol; family: Family } => ({ protocol, family })
const ping = probe(icmp())
const web = probe(tcp(8080))

// As nft 1.0.6 lists them.
test.each([
  'icmp type echo-request meta random < 2147483648 drop',
  'ct original packets > 3 drop',
  'ct bytes > 4 drop',
  'ct reply avgpkt > 3 drop',
  'symhash mod 2 0 drop',
  'numgen random mod 2 vmap { 0 : drop, 1 : accept }',
  'limit rate over 1/day burst 1 packets drop',
  'xt match "statistic" counter packets 0 bytes 0 drop',
])('like packets may fare differently: %s', (rule) => {
  expect(mayDecideAnew(inChain(rule), ping)).toBe(true)
})

test.each([
  ['a rule that decides by the packet alone', 'tcp dport 81 counter packets 3 bytes 180 drop'],
  ['a rule whose comment speaks of a limit', 'tcp dport 81 drop comment "over the limit"'],
  ['what draws lots can only count', 'meta random < 2147483648 counter packets 0 bytes 0'],
])('they do not: %s', (_, rule) => {
  expect(mayDecideAnew(inChain(rule), web)).toBe(false)
})

test('nor where a limit only spares the log, as ufw writes it', () => {
  const log = 'limit rate 3/minute burst 10 packets log prefix "[UFW BLOCK] drop "'
  expect(mayDecideAnew(inChain(log, 'tcp dport 81 drop'), web)).toBe(false)
})

test('a limit that accepts decides what a later rule drops', () => {
  expect(mayDecideAnew(inChain('limit rate 3/minute accept', 'drop'), web)).toBe(true)
})

describe('how NAT chooses a port', () => {
  test.each([
    'masquerade fully-random',
    'masquerade random,persistent',
    'masquerade fully-random,persistent comment "x"',
    'meta l4proto tcp masquerade to :1000-2000 random',
    'meta l4proto tcp snat ip to 10.0.0.1:100-200 random,persistent',
    'tcp dport 80 redirect to :8080 random',
    'tcp dport 80 dnat ip to 10.0.0.1:80 random,persistent',
  ])('decides nothing about the packet: %s', (rule) => {
    expect(mayDecideAnew(inChain(rule, 'tcp dport 81 drop'), web)).toBe(false)
  })

  test.each([
    'dnat ip to numgen random mod 2 map { 0 : 10.0.0.2, 1 : 10.0.0.3 }',
    'tcp dport 80 redirect to :8080-8090 random',
    'limit rate 1/second masquerade random',
  ])('is not all that is drawn: %s', (rule) => {
    expect(mayDecideAnew(inChain(rule, 'tcp dport 81 drop'), web)).toBe(true)
  })
})

describe('a set that changes with time', () => {
  const set = `\tset seen {
\t\ttype ipv4_addr
\t\tflags dynamic,timeout
\t\ttimeout 1m
\t\telements = { 10.1.1.1 timeout 30s expires 29s984ms }
\t}`
  const withSet = (...rules: readonly string[]): string => inChain(...rules).replace('\n', `\n${set}\n\n`)

  test('does not count while no rule names it', () => {
    expect(mayDecideAnew(withSet('tcp dport 81 drop', 'ip saddr @seenoften accept'), web)).toBe(false)
  })

  test('counts where a rule names it', () => {
    expect(mayDecideAnew(withSet('ip saddr @seen drop'), web)).toBe(true)
  })

  test('does not where only a rule of another protocol names it', () => {
    expect(mayDecideAnew(withSet('udp dport 53 ip saddr @seen drop', 'tcp dport 81 drop'), web)).toBe(false)
  })
})

test('a quota counts where a rule names it only', () => {
  const withQuota = (rule: string): string => inChain(rule).replace('\n', '\n\tquota q {\n\t\t25 mbytes\n\t}\n\n')
  expect(mayDecideAnew(withQuota('tcp dport 81 drop'), web)).toBe(false)
  expect(mayDecideAnew(withQuota('quota name "q" drop'), web)).toBe(true)
})

describe('a rule for another protocol', () => {
  test.each([
    ['icmp type echo-request limit rate 5/second accept', web],
    ['meta l4proto icmp limit rate 5/second accept', web],
    ['ip protocol icmp limit name "lim" accept', web],
    ['meta l4proto udp limit rate 1/second drop', web],
    ['udp dport 53 limit rate 1/second accept', ping],
    ['tcp flags syn limit rate 1/second accept', probe(udp(53))],
    ['meta l4proto ipv6-icmp limit rate 1/second accept', web],
    ['icmpv6 type { echo-request, echo-reply } limit rate 1/second accept', probe(tcp(8080), 6)],
    ['icmp type echo-request limit rate 5/second accept', probe(icmp(), 6)],
  ])('never sees the probe: %s', (rule, of) => {
    expect(mayDecideAnew(inChain(rule, 'drop'), of)).toBe(false)
  })

  test.each([
    ['tcp dport 8080 limit rate 1/second accept', web],
    ['meta l4proto { tcp, udp } limit rate 1/second accept', web],
    ['meta l4proto != udp limit rate 1/second accept', web],
    ['limit rate 3/second reject with icmp type port-unreachable', web],
    ['limit rate 3/second reject with icmp port-unreachable', probe(udp(53))],
    ['limit rate 1/second jump udp', web],
    ['iifname "udp dport 1" limit rate 1/second accept', web],
    ['icmpv6 type echo-request limit rate 5/second accept', probe(icmp(), 6)],
    // Without neighbour discovery no probe by IPv6 arrives.
    ['icmpv6 type { echo-request, nd-neighbor-solicit } limit rate 1/second accept', probe(tcp(8080), 6)],
    ['meta l4proto ipv6-icmp limit rate 1/second accept', probe(tcp(8080), 6)],
    ['udp dport 53 limit rate 1/second accept', probe({ kind: 'multicast', port: 53 })],
  ])('is not what this is: %s', (rule, of) => {
    expect(mayDecideAnew(inChain(rule, 'drop'), of)).toBe(true)
  })
})
