import type { Evidence } from './evidence.ts'
import type { Graph } from './graph.ts'
import type { Family } from './probe.ts'
import type { Expected, Verdict } from './verdict.ts'

/** The machine a scenario ran on. */
export interface MachineFacts {
  /** As on the command line, in a run on several machines: two of them may be of the same kind and kernel. */
  readonly name?: string
  /** `local`, `container`, `vm`, `vagrant`. */
  readonly kind: string
  /** Kernel release, `uname -r`. */
  readonly kernel: string
  /** PRETTY_NAME of os-release. */
  readonly distro: string
  /** `uname -m`. */
  readonly arch: string
  /** `root`, or `user namespace`. */
  readonly privilege: string
}

/** One measured cell of a matrix. */
export interface CellResult {
  readonly from: string
  /** Column as the suite wrote it: a name or a literal address. */
  readonly to: string
  readonly address: string
  readonly family: Family
  /** `icmp`, `icmp/1400/df`, `arp`, `tcp/8080`, `udp/53`: see `protocolName`. */
  readonly proto: string
  readonly expected: Expected
  /** What the document says of this cell, where it differs from what is expected. */
  readonly documentSays?: Expected
  readonly observed: Verdict
  readonly met: boolean
  /** The story of the verdict, sentence by sentence: what was sent, last seen where, which reason the evidence supports. */
  readonly story: readonly string[]
  readonly evidence: Evidence
  readonly ms: number
}

/** One command that was typed in a lab. */
export interface JournalEntry {
  readonly host: string
  /** As it was typed, after quoting. */
  readonly command: string
  /** Who typed it: the harness laying wires, the topology's script, a remedy, a probe. */
  readonly by: 'underlay' | 'script' | 'remedy' | 'undo' | 'check' | 'probe'
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds since the lab began. */
  readonly startMs: number
  readonly ms: number
}

/** A step of a scenario, in the order it ran. */
export type StepResult =
  | { readonly kind: 'build'; readonly title: string; readonly ms: number; readonly journal: readonly JournalEntry[] }
  | {
      readonly kind: 'expect'
      readonly title: string
      readonly ms: number
      readonly cells: readonly CellResult[]
      readonly journal: readonly JournalEntry[]
      /** Index of the graph (in `graphs`) that was true when the cells were measured. */
      readonly graph: number
    }
  | {
      readonly kind: 'remedy' | 'undo'
      readonly title: string
      readonly ms: number
      readonly journal: readonly JournalEntry[]
    }
  | {
      /** A statement that is not about connectivity, checked against the kernel. */
      readonly kind: 'finding'
      readonly title: string
      readonly ms: number
      /** What the document says holds. */
      readonly holds: boolean
      /** What this project has measured before and expects again. */
      readonly expected: boolean
      /** What the kernel says this time; `inconclusive` when the check itself failed. */
      readonly measured: boolean | 'inconclusive'
      readonly found: string
      readonly met: boolean
      readonly journal: readonly JournalEntry[]
    }

export interface Failure {
  readonly code: string
  readonly message: string
}

/** Cells that were declared and not asked for, because the machine cannot carry them: those of IPv6 on a kernel without it. */
export interface LeftOut {
  /** `before: ns1 → node1, IPv6` */
  readonly cells: readonly string[]
  /** What the machine lacks. */
  readonly reason: string
}

/** Outcome of one scenario. */
export interface ScenarioResult {
  /** Folder and file below `suites/`, without the ending: `macvlan-in-action/host-access`. */
  readonly suite: string
  readonly scenario: string
  /** `macvlan-in-action A7`. */
  readonly claim?: string
  /** The varying condition under which the claim was tried, such as `hairpin on`. */
  readonly when?: string
  readonly topology: string
  /** When the scenario began, ISO 8601; absent when it never did. */
  readonly startedAt?: string
  readonly status: 'met' | 'not met' | 'skipped'
  readonly skipReason?: string
  readonly machine: MachineFacts
  /** What the lightest machine lacks, where that is why it ran on this one. */
  readonly movedBecause?: string
  readonly steps: readonly StepResult[]
  /** Expectations that were declared but never measured: any makes the scenario `not met`. */
  readonly unmeasured: readonly string[]
  /** Present where the machine cannot carry some of the cells; the status speaks of the others. */
  readonly leftOut?: LeftOut
  readonly graphs: readonly { readonly label: string; readonly graph: Graph }[]
  /** Everything typed in the lab, in order. */
  readonly journal: readonly JournalEntry[]
  readonly failures: readonly Failure[]
  /** Paths of files the scenario left for the report (pcapng), relative to the run folder. */
  readonly files: readonly string[]
  readonly ms: number
}

/** One row of a document. */
export interface Claim {
  /** `macvlan-in-action A7`. */
  readonly id: string
  readonly document: string
  /** Title of the write-up. */
  readonly documentTitle: string
  /** What the document says, in one sentence. */
  readonly says: string
}

export type ClaimStatus = 'confirmed' | 'refuted' | 'depends' | 'not supported' | 'not tested' | 'inconclusive'

/** What the scenarios of a run found out about one statement of a document. */
export interface ClaimResult extends Claim {
  readonly status: ClaimStatus
  /** The measured ground in a sentence, or the skip reason. */
  readonly because: string
  readonly scenarios: readonly string[]
}

/** Everything a run found out; reports are made from this and nothing else. */
export interface RunResult {
  readonly schemaVersion: 1
  readonly netwright: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly ms: number
  readonly scenarios: readonly ScenarioResult[]
  readonly claims: readonly ClaimResult[]
  /** Machines that were asked for and could not run anything, with the reason. */
  readonly notRun?: readonly { readonly machine: string; readonly because: string }[]
}
