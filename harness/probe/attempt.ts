import type { Outcome } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import type { Lab } from '../lab/lab.ts'
import type { Graph } from '../model/graph.ts'

/** A probe under way. */
export interface Attempt {
  readonly spec: ProbeSpec
  /** What the prober says; never rejects. */
  readonly outcome: Promise<Outcome>
  /** Marks by which the probe's own frames are known. */
  readonly marks: Marks
  /** Ends it now: the evidence is complete, or the deadline has passed. Its outcome becomes `silence`. */
  readonly abandon: () => void
}

/** How a probe's frames are told from all others. */
export interface Marks {
  /** Bytes that the payload carries. */
  readonly token?: Uint8Array
  /** Local port of a TCP or UDP probe. */
  readonly port?: number
}

/** What attempts need to know of the lab. */
export interface Field {
  readonly lab: Lab
  readonly graph: Graph
}
