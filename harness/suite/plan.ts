import type { Family, Protocol } from '../model/probe.ts'
import type { Expected } from '../model/verdict.ts'
import type { Claim } from '../model/results.ts'
import type { NetwrightError } from '../model/errors.ts'
import type { Graph } from '../model/graph.ts'
import type { Hosts, Topology } from '../lab/topology.ts'
import type { Destination } from './places.ts'

/** One cell that a step wants measured. */
export interface PlannedCell {
  readonly from: string
  /** Column as it was written. */
  readonly to: string
  readonly destination: Destination
  readonly family: Family
  readonly protocol: Protocol
  readonly expected: Expected
  readonly documentSays?: Expected
}

/** Types commands on the hosts. */
export type Action = (hosts: Hosts<string>) => Promise<unknown>

/** What a check may look at. */
export interface CheckContext<HostName extends string = string> {
  readonly hosts: Hosts<HostName>
  /** What the kernel says is there now. */
  readonly graph: () => Promise<Graph>
}

/** What a check found. */
export interface Found {
  /** Whether what the step's title states is true here. */
  readonly holds: boolean
  /** What was found, in a sentence or as the kernel's own words. */
  readonly found: string
  /** What was to be expected on this very kernel, where that depends on how it is built; overrides the option. */
  readonly expected?: boolean
}

export type PlannedStep =
  | { readonly kind: 'expect'; readonly title: string; readonly cells: readonly PlannedCell[] }
  | { readonly kind: 'given'; readonly title: string; readonly apply: Action }
  | { readonly kind: 'until'; readonly title: string; readonly apply: Action; readonly undo?: Action }
  | { readonly kind: 'back' }
  | {
      readonly kind: 'finding'
      readonly title: string
      readonly check: (context: CheckContext) => Promise<Found>
      /** What the document says. */
      readonly holds: boolean
      /** What is known to be true. */
      readonly expected: boolean
    }

/** A scenario as declared; running it needs nothing else. */
export interface ScenarioPlan {
  readonly title: string
  readonly topology: Topology
  readonly claim?: Claim
  /** Every claim of the claim's document. */
  readonly documentClaims: readonly Claim[]
  readonly when?: string
  readonly needs: readonly string[]
  readonly steps: readonly PlannedStep[]
  /** Mistakes found while it was declared; with any, nothing is built. */
  readonly problems: readonly NetwrightError[]
}
