import type { FileOperation } from '../machines/channel/channel.ts'
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

/** Whether rules, of which some can stop a packet, may treat two like packets differently. */
export function mayDecideAnew(rules: string): boolean {
  const lines = rules.split('\n').map((line) => line.replace(/\b(prefix|comment) "[^"]*"/g, ''))
  const onlyTells = (line: string): boolean => /\b(log|counter)\b/.test(line) && !deciding.test(line)
  return lines.some((line) => stopping.test(line)) && lines.some((line) => counting.test(line) && !onlyTells(line))
}

/**
 * What filters a namespace may have: `counting` rules may treat two like packets differently, `legacy` rules of old iptables
 * (x_tables) are invisible to nft.
 */
export async function readRules(
  prober: Prober,
  ns: string,
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
  if (rules !== '') return mayDecideAnew(rules) ? 'counting' : 'some'
  return [...tables.values()].some((text) => text.trim() !== '' && !text.startsWith('!')) ? 'legacy' : 'none'
}
