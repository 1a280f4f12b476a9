import type { SightingKind } from '../model/evidence.ts'
import { findNamespace, holderOf, ownerOf, parentOf, type Graph, type Interface } from '../model/graph.ts'
import type { ProbeSpec } from '../model/probe.ts'

/** A frame of a conversation, as far as it matters here. */
export interface Heard {
  readonly kind: SightingKind
  readonly ns: string
  readonly direction: 'in' | 'out'
  readonly forOther: boolean
  /** Whoever asked for a link-layer address, or was told one. */
  readonly asker?: string
}

/**
 * Tells who asks on behalf of a conversation. Whole rows are measured at once, and so the other targets of a row ask for the
 * same source: a question, or the answer to one, is a third party's part in this conversation only where that third party
 * relays it.
 *
 * @returns whether a frame is a stranger's
 */
export function strangersTo(spec: ProbeSpec, graph: Graph, heard: readonly Heard[]): (frame: Heard) => boolean {
  const ends = [spec.from, spec.owner]
  const relays = new Set([
    ...heard.flatMap((h) => (isPacket(h.kind) && h.direction === 'in' && !h.forOther ? h.ns : [])),
    ...unseenRelays(spec, graph),
  ])
  return ({ kind, asker }) => {
    if (isPacket(kind) || asker === undefined) return false
    const ns = ownerOf(graph, asker)?.ns.id
    return ns !== undefined && !ends.includes(ns) && !relays.has(ns)
  }
}

const isPacket = (kind: SightingKind): boolean => kind === 'request' || kind === 'reply'

/**
 * The parent's stack sends on what an ipvlan child in l3 or l3s hands it (ipvlan_process_outbound), where no capture shows that it
 * came in. For a sibling it gets nothing, unless the flag says vepa.
 */
function unseenRelays({ from, owner, address }: ProbeSpec, graph: Graph): string[] {
  const source = findNamespace(graph, from)
  const target = owner === undefined ? undefined : findNamespace(graph, owner)
  const holder = target && holderOf(target, address)
  const parentsOf = (devices: readonly Interface[]) =>
    devices.flatMap((dev) => {
      const [mode = 'l2', flag] = dev.mode?.split(' ') ?? []
      const parent = dev.kind === 'ipvlan' && mode !== 'l2' ? parentOf(graph, dev) : undefined
      return parent === undefined ? [] : { ns: parent.ns.id, dev: parent.dev.name, flag }
    })
  const [sources, targets] = [parentsOf(source?.interfaces ?? []), parentsOf(holder === undefined ? [] : [holder])]
  const isCommon = (one: (typeof sources)[number]): boolean =>
    one.flag !== 'vepa' && [sources, targets].every((of) => of.some((p) => p.ns === one.ns && p.dev === one.dev))
  return [...sources, ...targets].filter((one) => !isCommon(one)).map(({ ns }) => ns)
}
