import { setTimeout as pause } from 'node:timers/promises'
import type { Findings } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { FarEndError, type RemoteProcess } from '../machines/channel/channel.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'
import type { Attempt } from './attempt.ts'
import { startAttempt } from './start-attempt.ts'
import { isOwnPacket, ownPackets, type OwnPackets } from './traced-packets.ts'

/** Milliseconds that one repeated probe may take on a machine whose frames are never further apart than its patience. */
const repeatMs = ({ patience }: Prober): number => Math.max(60, 2.5 * patience.quietMs)
/** Repeats until the tracer, which does not say when it is ready, has seen the probe. */
const repeats = 8
/** Milliseconds between two looks at what was traced. */
const lookMs = 5

type Netfilter = NonNullable<Findings['netfilter']>[number]

/** Chains that run before all others and mark every packet for tracing. */
const tracingTable = `table inet netwright_trace {
  chain pre { type filter hook prerouting priority -2147483648; meta nftrace set 1; }
  chain out { type filter hook output priority -2147483648; meta nftrace set 1; }
}
`

const firstChain = / inet netwright_trace \w+ packet: /

interface Trace {
  readonly netfilter: readonly Netfilter[]
  /** Namespaces whose tracer never saw the repeated probe. */
  readonly failed: readonly string[]
}

/** Repeats a probe until every namespace has traced it, or shows that it does not. */
export async function traceNetfilter(prober: Prober, spec: ProbeSpec, namespaces: readonly string[]): Promise<Trace> {
  const tracers: { ns: string; child: RemoteProcess; text: () => string }[] = []
  try {
    for (const ns of namespaces) {
      const target = prober.lab.namespaces.get(ns)
      const added = await runIn(prober, ns, ['nft', '-f', '-'], tracingTable)
      if (target === undefined || added?.code !== 0) continue
      const child = await prober.lab.channel.spawn(['nft', 'monitor', 'trace'], {
        place: target.place,
        env: prober.lab.machine.environment,
        timeoutMs: 10_000,
      })
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      child.stdin.on('error', () => undefined)
      tracers.push({ ns, child, text: () => wholeLines(text) })
    }
    const attempts: Attempt[] = []
    const from = await prober.watch.mark()
    const own = (): OwnPackets => ownPackets(prober, spec, attempts, prober.watch.frames.slice(from))
    const isTraced = (): boolean => {
      const packets = own()
      return tracers.length > 0 && tracers.every((t) => concerns(t.text(), t.ns, packets))
    }
    /** What a trace shows may be there before the capture by which it is known. */
    const isSurelyTraced = async (): Promise<boolean> => {
      if (!isTraced()) return false
      await prober.watch.mark()
      return isTraced()
    }
    // Untraced, one repeat is enough for the counters.
    const isOnce = tracers.length === 0
    for (let i = 0, isDone = false; i < (isOnce ? 1 : repeats) && !isDone; i++) {
      const attempt = startAttempt(prober, spec)
      attempts.push(attempt)
      const startedAt = performance.now()
      const over = attempt.outcome.then(() => 'over' as const)
      // Refused at once, it may yet be traced: nft passes on what it hears a moment later.
      let last: unknown
      while (!(isDone = await isSurelyTraced()) && performance.now() - startedAt < repeatMs(prober)) {
        if (isOnce && last === 'over') break
        last = await (last === 'over' ? pause(lookMs, 'over') : Promise.race([over, pause(lookMs)]))
      }
      if (isDone) await pause(lookMs) // the rest of the same packet's trace
      attempt.abandon()
      await over
    }
    await prober.watch.mark()
    const packets = own()
    return {
      netfilter: tracers.flatMap(({ ns, text }) => readTrace(text(), ns, packets).map((found) => ({ ns, ...found }))),
      failed: namespaces.filter((ns) => !tracers.some((t) => t.ns === ns && concerns(t.text(), ns, packets))),
    }
  } catch (error) {
    if (error instanceof FarEndError) return { netfilter: [], failed: namespaces }
    throw error
  } finally {
    for (const { ns, child } of tracers) {
      child.kill('SIGKILL')
      await runIn(prober, ns, ['nft', 'delete', 'table', 'inet', 'netwright_trace'])
    }
  }
}

/** Without a line that has come in part: `sequence 1` may be the beginning of another ping's `sequence 142`. */
export function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function concerns(text: string, ns: string, own: OwnPackets): boolean {
  return text.split('\n').some((line) => isOwnPacket(line, ns, own))
}

/**
 * Reads `nft monitor trace`: a trace begins with a line that shows the packet; a rule line ends with its verdict, and
 * a base chain's policy stands in a line of its own.
 */
export function readTrace(text: string, ns: string, own: OwnPackets): Omit<Netfilter, 'ns'>[] {
  const mine = new Set<string>()
  const found = new Map<string, Omit<Netfilter, 'ns'>>()
  for (const line of text.split('\n')) {
    const id = /^trace id (\w+) /.exec(line)?.[1]
    if (id === undefined) continue
    if (isOwnPacket(line, ns, own)) mine.add(id)
    // An id is used again for a later packet (nft_trace_init), which the first chain shows; others show what became of it.
    else if (firstChain.test(line)) mine.delete(id)
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
