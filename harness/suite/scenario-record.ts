import { NetwrightError } from '../model/errors.ts'
import type { Graph } from '../model/graph.ts'
import { protocolName } from '../model/probe.ts'
import type { Failure, ScenarioResult, StepResult } from '../model/results.ts'
import type { Lab } from '../lab/lab.ts'
import type { Machine } from '../machines/machine.ts'
import type { Watch } from '../probe/watch.ts'
import type { PlannedCell, PlannedStep, ScenarioPlan } from './plan.ts'

/** What a run of one scenario may be told from outside. */
export interface RunOptions {
  /** `macvlan-in-action/host-access` */
  readonly suite: string
  /** Ends the scenario early: its lab is disposed at once. */
  readonly signal?: AbortSignal
  /** Milliseconds that a script or remedy may take; default 30 000, in a VM, whose processor may be emulated, 120 000. */
  readonly actionMs?: number
  /** Called with a lab whose scenario failed, before it is disposed; the lab lives until the promise resolves. */
  readonly onFailedLab?: (lab: Lab, result: ScenarioResult) => Promise<void>
  /** Called with the captures before the lab goes; answers the files it wrote. */
  readonly saveCaptures?: (lab: Lab, watch: Watch, graph: Graph) => Promise<readonly string[]>
}

/** What has happened in a scenario so far, and the result that comes of it. */
export type Run = ReturnType<typeof openRun>

/** Begins the record of a scenario. */
export function openRun(plan: ScenarioPlan, machine: Machine, options: RunOptions) {
  const began = performance.now()
  const steps: StepResult[] = []
  const graphs: { label: string; graph: Graph }[] = []
  const measured = new Set<PlannedCell>()
  const leftOut = new Set<string>()
  const run = {
    plan,
    options,
    steps,
    graphs,
    measured,
    leftOut,
    lab: undefined as Lab | undefined,
    watch: undefined as Watch | undefined,
    /** Why a lab has no IPv6, where it has none. */
    noIpv6: '',
    takeGraph: async (lab: Lab, label: string): Promise<Graph> => {
      const graph = await lab.graph()
      graphs.push({ label, graph })
      return graph
    },
    skip: (reason: string): ScenarioResult => ({ ...result([], []), status: 'skipped', skipReason: reason }),
    /** The cells of a step that this machine can carry; the others are noted, each once. */
    carried: (title: string, cells: readonly PlannedCell[]): readonly PlannedCell[] => {
      if (run.lab?.hasIpv6 !== false) return cells
      for (const cell of cells) if (cell.family === 6) leftOut.add(cellText(title, cell))
      return cells.filter((cell) => cell.family === 4)
    },
    finish: async (failures: readonly Failure[]): Promise<ScenarioResult> => {
      const last = graphs.at(-1)?.graph
      const files =
        run.lab && run.watch && last
          ? ((await options.saveCaptures?.(run.lab, run.watch, last).catch(() => [])) ?? [])
          : []
      return result(failures, files)
    },
  }
  function result(failures: readonly Failure[], files: readonly string[]): ScenarioResult {
    const unmeasured = plan.steps.flatMap((step) => unmeasuredIn(step, run.measured, run.lab?.hasIpv6 ?? true))
    const lacking = leftOut.size === 0 ? undefined : { cells: [...leftOut], reason: run.noIpv6 }
    return {
      suite: options.suite,
      scenario: plan.title,
      ...(plan.claim === undefined ? {} : { claim: plan.claim.id }),
      ...(plan.when === undefined ? {} : { when: plan.when }),
      topology: plan.topology.name,
      status: failures.length === 0 && unmeasured.length === 0 ? 'met' : 'not met',
      machine: machine.facts,
      steps,
      unmeasured,
      ...(lacking === undefined ? {} : { leftOut: lacking }),
      graphs,
      journal: run.lab?.journal.entries ?? [],
      failures,
      files,
      startedAt: new Date(performance.timeOrigin + began).toISOString(),
      ms: Math.round(performance.now() - began),
    }
  }
  return run
}

function unmeasuredIn(step: PlannedStep, measured: ReadonlySet<PlannedCell>, hasIpv6: boolean): string[] {
  if (step.kind !== 'expect') return []
  return step.cells
    .filter((cell) => !measured.has(cell) && (hasIpv6 || cell.family === 4))
    .map((cell) => cellText(step.title, cell))
}

const cellText = (title: string, { from, to, family, protocol }: PlannedCell): string => {
  const name = protocolName(protocol)
  return `${title}: ${from} → ${to}, ${name === 'icmp' ? '' : `${name}, `}IPv${String(family)}`
}

/** An error as the failure of a scenario. */
export function failureOf(error: unknown): Failure {
  if (error instanceof NetwrightError) return { code: error.code, message: error.message }
  return {
    code: 'NETWRIGHT_SCRIPT_FAILED',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

/** Shows a lab whose scenario failed. What goes wrong with that is told, and the result stays as it is. */
export async function showFailedLab({ onFailedLab }: RunOptions, lab: Lab, result: ScenarioResult): Promise<void> {
  try {
    await onFailedLab?.(lab, result)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    console.error(`netwright: the lab of “${result.scenario}” cannot be kept: ${why}`)
  }
}
