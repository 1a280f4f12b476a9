import { knownPeers } from '../../probe/controls.ts'
import { watchLab } from '../../probe/watch.ts'
import { openLab, type Lab } from '../../lab/lab.ts'
import { topology, type Hosts } from '../../lab/topology.ts'
import type { Machine } from '../../machines/machine.ts'
import type { Family, Protocol } from '../../model/probe.ts'
import type { CellResult } from '../../model/results.ts'
import { underlay } from '../../model/underlay.ts'
import { reached } from '../../model/verdict.ts'
import { measureCells } from '../../suite/measure.ts'
import { resolveDestination } from '../../suite/places.ts'
import { timingFor } from '../../suite/timing.ts'

/*
 *   node1 eth0 10.0.0.1 ──┐                                  ┌── far eth0 10.9.0.2
 *     ├ ns1 mac1 10.0.0.11 ├── lan ── gw 10.0.0.254/10.9.0.254 ── far
 *     └ ns2 mac2 10.0.0.12 │
 *   node2 eth0 10.0.0.2 ──┘        the same in fd00:a::/64 and fd00:9::/64
 */
const wires = (hairpin: boolean) =>
  underlay()
    .wire('lan', '10.0.0.0/24 fd00:a::/64', { hairpin })
    .wire('far', '10.9.0.0/24 fd00:9::/64')
    .host(
      'node1',
      { eth0: 'lan 10.0.0.1/24 fd00:a::1/64' },
      { routes: ['default via 10.0.0.254', 'default via fd00:a::254'] },
    )
    .host(
      'node2',
      { eth0: 'lan 10.0.0.2/24 fd00:a::2/64' },
      { routes: ['default via 10.0.0.254', 'default via fd00:a::254'] },
    )
    .router('gw', { eth0: 'lan 10.0.0.254/24 fd00:a::254/64', eth1: 'far 10.9.0.254/24 fd00:9::254/64' })
    .client(
      'client',
      { eth0: 'far 10.9.0.2/24 fd00:9::2/64' },
      { routes: ['default via 10.9.0.254', 'default via fd00:9::254'] },
    )

export type TrialHosts = Hosts<'node1' | 'node2' | 'gw' | 'client'>

/** One thing done to a lab, one cell measured there, and what must come of it. */
export interface Trial {
  readonly what: string
  /** Modes of the macvlan children in ns1 and ns2; none: no children. */
  readonly modes?: readonly [string, string?]
  /** Mode and flag of the parent when the two children are ipvlan's: `l2`, `l3 private`. They are called `mac1` and `mac2` as well. */
  readonly ipvlan?: string
  readonly hairpin?: boolean
  readonly given?: (hosts: TrialHosts) => Promise<unknown>
  readonly from: string
  readonly to: string
  readonly over?: Protocol
  readonly family?: Family
  /** Another destination, measured in the same row: at the same time. */
  readonly beside?: string
  /** `reached`, `REASON at PLACE`, or `inconclusive: WHY`. */
  readonly is: string
  /** What the story must say beside. */
  readonly tells?: string
}

type Built = Pick<Trial, 'modes' | 'ipvlan' | 'hairpin'>

const trialTopology = (trial: Built) =>
  topology('trial', {
    underlay: wires(trial.hairpin === true),
    namespaces: { node1: ['ns1', 'ns2'] },
    async build({ node1: { $ } }) {
      const children = trial.ipvlan === undefined ? (trial.modes ?? []) : [trial.ipvlan, trial.ipvlan]
      for (const [i, mode] of children.entries()) {
        if (mode === undefined) continue
        const kind = trial.ipvlan === undefined ? 'macvlan' : 'ipvlan'
        const n = String(i + 1)
        await $`ip netns add ${`ns${n}`}`
        await $`ip link add link eth0 ${`mac${n}`} netns ${`ns${n}`} type ${kind} mode ${mode.split(' ')}`
        await $`ip -n ${`ns${n}`} link set lo up`
        await $`ip -n ${`ns${n}`} addr add ${`10.0.0.1${n}/24`} dev ${`mac${n}`}`
        await $`ip -n ${`ns${n}`} addr add ${`fd00:a::1${n}/64`} dev ${`mac${n}`}`
        await $`ip -n ${`ns${n}`} link set ${`mac${n}`} up`
      }
    },
  })

/** A lab on which cells are measured one by one. */
export interface Bench {
  readonly hosts: TrialHosts
  readonly lab: Lab
  readonly measure: (cell: Pick<Trial, 'from' | 'to' | 'over' | 'family' | 'beside'>) => Promise<CellResult>
}

/** Builds the lab of a trial, for as long as `use` takes. */
export async function onBench<T>(machine: Machine, trial: Built, use: (bench: Bench) => Promise<T>): Promise<T> {
  const planned = trialTopology(trial)
  const lab = await openLab(machine, planned)
  try {
    const watch = await watchLab(lab)
    const peers = knownPeers()
    await lab.build()
    const { patience, neighbours } = timingFor(machine.facts.kind)
    return await use({
      hosts: lab.hosts,
      lab,
      measure: async ({ from, to, over = { kind: 'icmp' }, family = 4, beside }) => {
        const graph = await lab.graph()
        const cells = [to, ...(beside === undefined ? [] : [beside])].map((to) => {
          const destination = resolveDestination(planned, to, 'trial')
          return { from, to, destination, family, protocol: over, expected: reached }
        })
        const [result] = await measureCells({ lab, graph, watch, patience, peers }, cells, neighbours)
        if (result === undefined) throw new Error('nothing was measured')
        return result
      },
    })
  } finally {
    await lab.dispose()
  }
}

/** A verdict as trials write it. */
export function told({ observed }: CellResult): string {
  switch (observed.verdict) {
    case 'reached':
      return 'reached'
    case 'blocked':
      return `${observed.reason} at ${observed.at}`
    case 'inconclusive':
      return `inconclusive: ${observed.why}`
  }
}
