import type { FileOperation } from '../machines/channel/channel.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'

/** What makes a rule decide otherwise on the same packet a second time: what it counts, remembers or draws (nft(8)). */
const counting =
  /\b(limit|quota|numgen|jhash|symhash|random|connlimit|connbytes|hashlimit|rateest|statistic|recent|meter|dynamic|timeout|ct count)\b|\bct (original |reply )?(packets|bytes|avgpkt|expiration)\b|\b(add|update|delete) @/
/** What keeps a packet from going on: a verdict, or the target of an iptables rule that nft shows by name. */
const stopping = /\b(drop|reject|queue)\b/i
/** What a rule does beside counting and logging. */
const deciding =
  /\b(accept|drop|reject|queue|return|jump|goto|vmap|set|dnat|snat|redirect|masquerade|add|update|delete|fwd|dup|notrack|tproxy|synproxy|xt)\b/

/** What a listing declares beside its chains: a block of its own, which begins and ends at the first indent. */
const declaration = /^\t(?:set|map|meter|quota|limit|ct timeout) (\S+) \{\n[\s\S]*?^\t\}$/gm
/** How NAT chooses among free ports at the end of a rule. Among ports or addresses that dnat may lead to, it chooses the fate as well. */
const portChoice =
  /(\b(?:masquerade|snat)\b.*?|\b(?:redirect|dnat)\b[^-]*?) (?:fully-random|random|persistent)(?:,(?:fully-random|random|persistent))*\s*$/
/** The one protocol that a rule's match is about. */
const protocolMatch =
  /(?:^|\s)(?:(tcp|udp) (?:[sd]port|flags|option|sequence|ackseq|doff|window|length|checksum|urgptr)|(icmp|icmpv6) (?:type|code|id|sequence)|(?:meta l4proto|ip protocol) (tcp|udp|icmp|ipv6-icmp|icmpv6))(?=\s|$)/
const echoOnly =
  /\bicmpv6 type (?:echo-(?:request|reply)(?=\s)|\{ echo-(?:request|reply)(?:, echo-(?:request|reply))* \})/

type Asked = Pick<ProbeSpec, 'protocol' | 'family'>

/**
 * Whether rules, as `nft list ruleset` shows them, may treat two packets of a probe differently and can stop one. Rules that
 * only other protocols' packets meet, sets that no rule names and the choice of a port for NAT do not matter.
 */
export function mayDecideAnew(rules: string, asked: Asked): boolean {
  const told = rules.replace(/\b(prefix|comment) "[^"]*"/g, '')
  const met = told
    .replace(declaration, '')
    .split('\n')
    .filter((line) => !isOfAnother(line, asked))
  const named = new Set(met.flatMap((line) => [...line.matchAll(/@(\S+)/g)].map(([, name]) => name)))
  const sets = [...told.matchAll(declaration)].flatMap(([block, name]) => (named.has(name) ? block.split('\n') : []))
  const lines = [...met.map((line) => line.replace(portChoice, '$1')), ...sets]
  const onlyTells = (line: string): boolean => /\b(log|counter)\b/.test(line) && !deciding.test(line)
  return lines.some((line) => stopping.test(line)) && lines.some((line) => counting.test(line) && !onlyTells(line))
}

/** Whether a rule is about a protocol that the probe neither speaks nor needs. */
function isOfAnother(rule: string, { protocol: { kind }, family }: Asked): boolean {
  if (kind === 'arp') return false
  const matches = rule.replace(/"[^"]*"/g, '""').replace(/\breject with .*/, 'reject')
  const [, port, control, number] = protocolMatch.exec(matches) ?? []
  const about = (port ?? control ?? number)?.replace('ipv6-icmp', 'icmpv6')
  if (about === undefined) return false
  // Whatever goes by IPv6 needs neighbour discovery.
  if (about === 'icmpv6' && family === 6) return kind !== 'icmp' && echoOnly.test(matches)
  if (kind === 'icmp') return about !== 'icmp' || family === 6
  return about !== (kind === 'tcp' ? 'tcp' : 'udp')
}

/**
 * What filters a namespace may have: `counting` rules may treat two packets of the probe differently, `legacy` rules of old iptables
 * (x_tables) are invisible to nft.
 */
export async function readRules(
  prober: Prober,
  ns: string,
  asked: Asked,
): Promise<'none' | 'some' | 'counting' | 'legacy' | 'unknown'> {
  const target = prober.lab.namespaces.get(ns)
  if (target === undefined) return 'unknown'
  const legacy = ['/proc/self/net/ip_tables_names', '/proc/self/net/ip6_tables_names']
  const [listed, tables] = await Promise.all([
    runIn(prober, ns, ['nft', 'list', 'ruleset']),
    prober.lab.channel.files(
      target.path,
      legacy.map((path): FileOperation => ({ kind: 'read', path })),
    ),
  ])
  if (listed?.code !== 0) return 'unknown'
  const rules = listed.stdout.toString().trim()
  if (rules !== '' && !rules.startsWith('table ') && !rules.startsWith('#')) return 'unknown'
  if (rules !== '') return mayDecideAnew(rules, asked) ? 'counting' : 'some'
  return [...tables.values()].some((text) => text.trim() !== '' && !text.startsWith('!')) ? 'legacy' : 'none'
}
