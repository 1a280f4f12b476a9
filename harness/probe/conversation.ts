import { nextHop } from '../model/egress.ts'
import { findNamespace, type Graph } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Marks } from './attempt.ts'

/** Tells the frames of one probe's conversation from all others. */
export interface Conversation {
  readonly spec: ProbeSpec
  readonly marks: Marks
  /** Addresses by which the source may send. */
  readonly sources: ReadonlySet<string>
  /** Addresses that are resolved on the way there, and on the way back. */
  readonly sought: ReadonlySet<string>
  readonly soughtBack: ReadonlySet<string>
  /** What stacks between the ends ask for to send the packet on (`ASKER SOUGHT`), and the way that is for. */
  readonly relayed: ReadonlyMap<string, 'solicit' | 'return-solicit'>
  /** `performance.now()` when the probe's own window closed; what comes later is looked at more strictly. */
  readonly endedAt?: number
}

export function conversation(graph: Graph, spec: ProbeSpec, marks: Marks): Conversation {
  const own = (ns: string | undefined): string[] =>
    (ns === undefined ? undefined : findNamespace(graph, ns))?.interfaces.flatMap((i) =>
      i.addresses.map((a) => a.address),
    ) ?? []
  const sources = new Set(own(spec.from))
  const backHops =
    spec.owner === undefined ? [] : [...sources].map((source) => nextHop(graph, spec.owner ?? '', source))
  return {
    spec,
    marks,
    sources,
    sought: new Set([spec.address, nextHop(graph, spec.from, spec.address)]),
    soughtBack: new Set([...sources, ...backHops]),
    relayed: relayedQuestions(graph, spec, sources),
  }
}

/** The gateways of stacks between the ends; which of the stacks relay is seen when it has come to that. */
function relayedQuestions(
  graph: Graph,
  { from, owner, address }: ProbeSpec,
  sources: ReadonlySet<string>,
): ReadonlyMap<string, 'solicit' | 'return-solicit'> {
  const questions = new Map<string, 'solicit' | 'return-solicit'>()
  for (const ns of graph.namespaces) {
    if (ns.role === 'wire' || ns.id === from || ns.id === owner) continue
    const own = ns.interfaces.flatMap((i) => i.addresses.map((a) => a.address))
    const note = (to: string, kind: 'solicit' | 'return-solicit'): void => {
      const hop = nextHop(graph, ns.id, to)
      if (hop !== to) for (const asker of own) questions.set(`${asker} ${hop}`, kind)
    }
    for (const source of sources) note(source, 'return-solicit')
    note(address, 'solicit')
  }
  return questions
}

/** Whether a neighbour entry is about an address that the conversation waits for somewhere. */
export function concernsNeighbour(talk: Conversation, address: string): boolean {
  return (
    talk.sought.has(address) ||
    talk.soughtBack.has(address) ||
    [...talk.relayed.keys()].some((question) => question.endsWith(` ${address}`))
  )
}
