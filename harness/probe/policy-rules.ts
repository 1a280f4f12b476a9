import { z } from 'zod'
import { contains, familyOf } from '../model/addresses.ts'
import { tableFits } from '../model/egress.ts'
import type { RunOutput } from '../machines/channel/channel.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'

/** A rule as `ip -j rule` shows it, with every selector that it has. */
const ruleSchema = z.looseObject({
  priority: z.number(),
  src: z.string().optional(),
  srclen: z.number().optional(),
  dst: z.string().optional(),
  dstlen: z.number().optional(),
  table: z.string().optional(),
  action: z.string().optional(),
})
export type PolicyRule = z.infer<typeof ruleSchema>

/** What a look-up by `ip route get TO from ADDRESS iif DEVICE` heeds in a rule (fib_rule_match), or what selects nothing. */
const heeded = new Set([
  ...['priority', 'not', 'src', 'srclen', 'dst', 'dstlen', 'iif', 'iif_detached', 'oif', 'oif_detached', 'l3mdev'],
  ...['table', 'action', 'suppress_prefixlen', 'suppress_ifgroup', 'protocol', 'flow_from', 'flow_to'],
])

/** The rules of a namespace; undefined when they cannot be read, which never counts as having none. */
export async function readPolicyRules(
  prober: Prober,
  ns: string,
  family: 4 | 6,
): Promise<readonly PolicyRule[] | undefined> {
  const done = await runIn(prober, ns, ['ip', family === 6 ? '-6' : '-4', '-j', 'rule'])
  return done === undefined ? undefined : rulesIn(done)
}

/** Reads what `ip -j rule` said. */
export function rulesIn({ code, stdout, stderr }: RunOutput): readonly PolicyRule[] | undefined {
  // A kernel with but one table (without CONFIG_IP_MULTIPLE_TABLES) has no rules.
  if (code !== 0) return /\bnot supported\b/.test(stderr.toString()) ? [] : undefined
  try {
    return z.array(ruleSchema).parse(JSON.parse(stdout.toString()))
  } catch {
    return undefined // not ip's own words
  }
}

/**
 * The rule for which a look-up in vain does not mean that no route is there: it refuses with the same words (RTN_UNREACHABLE is
 * ENETUNREACH in fib4_rule_action and fib6_rule_action), or it leads packets of a mark, a protocol or a port, which the look-up
 * does not know, to a table that has a route. The latter says nothing where the stack itself refused the packet.
 */
export function ruleAgainst(
  { graph }: Pick<Prober, 'graph'>,
  rules: readonly PolicyRule[],
  { ns, to, from, isRefused }: { ns: string; to: string; from?: string; isRefused: boolean },
): string | undefined {
  const found = rules.find((rule) => {
    const isOther = !('not' in rule) && !(covers(rule.dst, rule.dstlen, to) && covers(rule.src, rule.srclen, from))
    if (isOther) return false
    if (rule.action !== undefined) return rule.action === 'unreachable'
    if (isRefused || Object.keys(rule).every((name) => heeded.has(name))) return false
    return (
      rule.table === undefined || !/^(\d+|main|default|local)$/.test(rule.table) || tableFits(graph, ns, rule.table, to)
    )
  })
  return found === undefined ? undefined : ruleText(found)
}

/** Whether a rule's prefix (none: `all`) takes in an address, as far as the address is known. */
function covers(base: string | undefined, length: number | undefined, address: string | undefined): boolean {
  const family = base === undefined ? undefined : familyOf(base)
  if (base === undefined || family === undefined || address === undefined) return true
  return contains({ family, address: base, prefix: length ?? (family === 4 ? 32 : 128) }, address)
}

/** `ip rule 100: to 10.9.0.0/24 unreachable`, much as ip-rule(8) writes it. */
function ruleText({ priority, src, srclen, dst, dstlen, table, action, ...others }: PolicyRule): string {
  const prefix = (base: string, length: number | undefined): string =>
    length === undefined ? base : `${base}/${String(length)}`
  const selectors = Object.entries(others)
    .filter(([name]) => name !== 'not')
    .map(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? `${name} ${String(value)}` : name,
    )
  const words = [
    ...('not' in others ? ['not'] : []),
    ...(src === undefined || src === 'all' ? [] : [`from ${prefix(src, srclen)}`]),
    ...(dst === undefined ? [] : [`to ${prefix(dst, dstlen)}`]),
    ...selectors,
    ...(table === undefined ? [] : [`lookup ${table}`]),
    ...(action === undefined ? [] : [action]),
  ]
  return `ip rule ${String(priority)}: ${words.join(' ')}`
}
