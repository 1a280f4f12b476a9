import { setTimeout as pause } from 'node:timers/promises'
import type { Findings } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { FarEndError, type RemoteProcess } from '../machines/channel/channel.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'
import { startAttempt } from './start-attempt.ts'

/** Milliseconds that one repeated probe may take. */
const repeatMs = 120
/** Repeats until the tracer, which does not say when it is ready, has seen the probe. */
const repeats = 4

/** Per-namespace counters that name a drop: SNMP_MIB names of net/ipv4/proc.c and net/ipv6/proc.c. */
const counterNames = ['IPReversePathFilter'] as const

type Netfilter = NonNullable<Findings['netfilter']>[number]

/**
 * Repeats a probe that ended in a namespace, this time with netfilter tracing and counters read around it. Only
 * done after the verdict's own window has closed, so that the tracing table never touches what is judged.
 */
export async function secondLook(prober: Prober, spec: ProbeSpec, suspects: readonly string[]): Promise<Findings> {
  const traced = (await Promise.all(suspects.map(async (ns) => ((await hasRules(prober, ns)) ? [ns] : [])))).flat()
  const before = await Promise.all(suspects.map((ns) => readCounters(prober, ns)))
  const netfilter = await traceNetfilter(prober, spec, traced)
  const after = await Promise.all(suspects.map((ns) => readCounters(prober, ns)))
  const counters = suspects.flatMap((ns, i) =>
    counterNames.flatMap((name) => {
      const delta = (after[i]?.get(name) ?? 0) - (before[i]?.get(name) ?? 0)
      return delta > 0 ? [{ ns, name, delta }] : []
    }),
  )
  return { ...(netfilter.length > 0 ? { netfilter } : {}), ...(counters.length > 0 ? { counters } : {}) }
}

async function hasRules(prober: Prober, ns: string): Promise<boolean> {
  const listed = await runIn(prober, ns, ['nft', 'list', 'ruleset'])
  return listed?.code === 0 && listed.stdout.toString().trim() !== ''
}

/** Chains that run before all others and mark every packet for tracing. */
const tracingTable = `table inet netwright_trace {
  chain pre { type filter hook prerouting priority -2147483648; meta nftrace set 1 }
  chain out { type filter hook output priority -2147483648; meta nftrace set 1 }
}
`

async function traceNetfilter(prober: Prober, spec: ProbeSpec, namespaces: readonly string[]): Promise<Netfilter[]> {
  const tracers: { ns: string; child: RemoteProcess; text: () => string }[] = []
  try {
    for (const ns of namespaces) {
      const target = prober.lab.namespaces.get(ns)
      const added = await runIn(prober, ns, ['nft', '-f', '-'], tracingTable)
      if (target === undefined || added?.code !== 0) continue
      const child = await prober.lab.channel.spawn(['nft', 'monitor', 'trace'], { place: target.place, timeoutMs: 10_000 })
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
      child.stdin.on('error', () => undefined)
      tracers.push({ ns, child, text: () => text })
    }
    for (let i = 0; i < repeats; i++) {
      const attempt = startAttempt(prober, spec)
      const backstop = setTimeout(() => { attempt.abandon() }, repeatMs)
      await attempt.outcome
      clearTimeout(backstop)
      if (tracers.length === 0) break // the repeat was for the counters
      for (let looks = 0; looks < 5 && tracers.some((t) => !concerns(t.text(), spec)); looks++) await pause(10)
      if (tracers.every((t) => concerns(t.text(), spec))) break
    }
    return tracers.flatMap(({ ns, text }) => readTrace(text(), spec).map((found) => ({ ns, ...found })))
  } catch (error) {
    if (error instanceof FarEndError) return []
    throw error
  } finally {
    for (const { ns, child } of tracers) {
      child.kill('SIGKILL')
      await runIn(prober, ns, ['nft', 'delete', 'table', 'inet', 'netwright_trace'])
    }
  }
}

function concerns(text: string, spec: ProbeSpec): boolean {
  return text.includes(spec.address)
}

/**
 * Reads `nft monitor trace`: a trace begins with a line that shows the packet; a rule line ends with its verdict, and
 * a base chain's policy stands in a line of its own.
 */
export function readTrace(text: string, spec: ProbeSpec): Omit<Netfilter, 'ns'>[] {
  const mine = new Set<string>()
  const found = new Map<string, Omit<Netfilter, 'ns'>>()
  for (const line of text.split('\n')) {
    const id = /^trace id (\w+) /.exec(line)?.[1]
    if (id === undefined) continue
    if (/ packet: /.test(line) && (line.includes(`daddr ${spec.address}`) || line.includes(`saddr ${spec.address}`))) mine.add(id)
    if (!mine.has(id)) continue
    const rule = /^trace id \w+ (\S+ \S+ \S+) rule (.*) \(verdict (drop|reject)\)/.exec(line)
    const policy = /^trace id \w+ (\S+ \S+ \S+) (?:verdict \w+ )?policy drop/.exec(line)
    if (rule) {
      const what = rule[2] ?? ''
      const verdict = what.includes('reject') ? 'reject' : 'drop'
      found.set(line.slice(18), { rule: `${rule[1] ?? ''}: ${what}`, verdict })
    } else if (policy) {
      found.set(policy[1] ?? '', { rule: `${policy[1] ?? ''}: policy drop`, verdict: 'drop' })
    }
  }
  return [...found.values()]
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
