import type { ProbeSpec } from '../model/probe.ts'
import type { Field } from './attempt.ts'
import type { Watch } from './watch.ts'

/** How patient probing is; every wait ends on evidence before these run out, save on a broken lab. */
export interface Patience {
  /** Milliseconds without a further frame of the conversation after which it has gone as far as it will. */
  readonly quietMs: number
  /** Milliseconds after which a probe that left no trace at all is given up. */
  readonly traceMs: number
  /** Milliseconds for one row at most. */
  readonly deadlineMs: number
  /** Milliseconds between two looks at the neighbour tables. */
  readonly lookMs: number
}

/** For kernels that run on real processors. */
export const promptPatience: Patience = { quietMs: 25, traceMs: 150, deadlineMs: 2500, lookMs: 4 }

/** Remembers who reached which address, so that controls ask a peer that can answer. */
export interface KnownPeers {
  readonly note: (spec: ProbeSpec) => void
  readonly for: (address: string) => readonly string[]
}

/** What a row is measured with. */
export interface Prober extends Field {
  readonly watch: Watch
  readonly patience: Patience
  /** Who reached whom before in this lab: the first choice for a control. */
  readonly peers: KnownPeers
}
