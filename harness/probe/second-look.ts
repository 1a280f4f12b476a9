import type { Findings } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { findNamespace } from '../model/graph.ts'
import { readRules } from './netfilter-rules.ts'
import { traceNetfilter } from './netfilter-trace.ts'
import type { Prober } from './prober.ts'

/** Per-namespace counters that name a drop: SNMP_MIB names of net/ipv4/proc.c and net/ipv6/proc.c. */
const counterNames = ['IPReversePathFilter'] as const

/**
 * Repeats a probe that ended in a namespace, this time with netfilter tracing and counters read around it. Only
 * done after the verdict's own window has closed, so that the tracing table never touches what is judged.
 */
export async function secondLook(prober: Prober, spec: ProbeSpec, suspects: readonly string[]): Promise<Findings> {
  const rules = await Promise.all(suspects.map((ns) => readRules(prober, ns, spec)))
  const traced = suspects.filter((_, i) => rules[i] === 'some' || rules[i] === 'counting')
  const counted = suspects.filter((ns) => filtersReversePath(prober, ns))
  const before = await Promise.all(counted.map((ns) => readCounters(prober, ns)))
  const look =
    traced.length + counted.length > 0 ? await traceNetfilter(prober, spec, traced) : { netfilter: [], failed: [] }
  const after = await Promise.all(counted.map((ns) => readCounters(prober, ns)))
  const counters = counted.flatMap((ns, i) =>
    counterNames.flatMap((name) => {
      const delta = (after[i]?.get(name) ?? 0) - (before[i]?.get(name) ?? 0)
      return delta > 0 ? [{ ns, name, delta }] : []
    }),
  )
  const unknown = suspects.flatMap((ns, i) =>
    rules[i] === 'unknown' ? [`the netfilter rules of ${ns} cannot be read: nft cannot be run there`] : [],
  )
  // What such rules did to the repeat, they need not have done to the probe.
  const isCounting = (ns: string): boolean => rules[suspects.indexOf(ns)] === 'counting'
  const netfilter = look.netfilter.filter(({ ns }) => !isCounting(ns))
  const untraceable = suspects.flatMap((ns, i) => {
    if (rules[i] === 'legacy') return [`${ns} has iptables-legacy rules, which nft cannot trace`]
    if (look.failed.includes(ns)) return [`the repeated probe left no trace in netfilter of ${ns}, which has rules`]
    if (!isCounting(ns)) return []
    const drop = look.netfilter.find((found) => found.ns === ns)
    const [fate, other] =
      drop === undefined
        ? ['let the repeated probe pass', 'been dropped']
        : [`dropped the repeated probe by "${drop.rule}"`, 'passed']
    return [`netfilter in ${ns} ${fate}; its rules count or draw lots, so the first may have ${other}`]
  })
  const isKnown = netfilter.length > 0 || unknown.length + untraceable.length === 0
  return {
    ...(isKnown ? { netfilter } : {}),
    ...(counters.length > 0 ? { counters } : {}),
    ...(unknown.length > 0 ? { unknown } : {}),
    ...(untraceable.length > 0 ? { untraceable } : {}),
  }
}

function filtersReversePath(prober: Prober, ns: string): boolean {
  const sysctls = findNamespace(prober.graph, ns)?.sysctls ?? {}
  return Object.entries(sysctls).some(([name, value]) => name.endsWith('.rp_filter') && value !== '0')
}

async function readCounters(prober: Prober, ns: string): Promise<Map<string, number>> {
  const target = prober.lab.namespaces.get(ns)
  if (target === undefined) return new Map()
  const path = '/proc/self/net/netstat'
  const text = (await prober.lab.channel.files(target.path, [{ kind: 'read', path }])).get(path) ?? ''
  const counters = new Map<string, number>()
  const lines = text.split('\n')
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const names = lines[i]?.split(' ') ?? []
    const values = lines[i + 1]?.split(' ') ?? []
    names.forEach((name, at) => counters.set(name, Number(values[at])))
  }
  return counters
}
