import { judgeClaims } from '../model/claims.ts'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import type { Feature, Machine } from '../machines/machine.ts'
import { findCardQemu } from '../machines/vm/find-qemu.ts'
import { provideQemu } from '../machines/vm/qemu-store.ts'
import { machineFor } from '../suite/machine-for.ts'
import type { DeclaredScenario } from '../suite/vitest-binding.ts'
import { cachedKernels, chooseKernel, type KernelChoice } from './choose-kernel.ts'
import type { RunListener } from './run-collector.ts'
import { problemText } from './problem-text.ts'
import { startMachineRun, type MachineRun, type MachineRunOptions } from './run-machine.ts'

/** A scenario that this machine skipped, and that another may carry. */
interface Held {
  readonly result: ScenarioResult
  readonly declared: DeclaredScenario
}

/** Scenarios that go to one VM. */
interface Load {
  readonly machine: string
  readonly held: Held[]
}

/**
 * Runs each scenario on the lightest machine that can carry it: on this one, and what its kernel lacks in a VM
 * afterwards, when nothing here waits for evidence any more. The VM boots meanwhile. Where all can run here, none is
 * started.
 *
 * @param local - this machine; the caller's to dispose
 * @param tell - gets a sentence about what takes time
 */
export function startAutoRun(
  options: MachineRunOptions,
  local: Machine,
  listener: RunListener,
  tell: (sentence: string) => void,
): MachineRun {
  const on = (machine: string) => ({ ...options, settings: { ...options.settings, on: machine } })
  const held: Held[] = []
  const moved: MachineRun[] = []
  const reasons = new Map<ScenarioResult, string>()
  const starts = new Map<string, Promise<string | undefined>>()
  let cached: ReturnType<typeof cachedKernels> | undefined
  let card: Promise<string | undefined> | undefined

  const missingOf = async ({ declared }: Held): Promise<string[]> => {
    const tried = await Promise.all(
      declared.needs.map(async (need) => ((await local.can(need as Feature)).able ? [] : [need])),
    )
    return tried.flat()
  }
  const choiceFor = async (one: Held): Promise<KernelChoice> => {
    const missing = await missingOf(one)
    const choice = chooseKernel(missing, await (cached ??= cachedKernels()))
    if ('reason' in choice || !missing.includes('sriov')) return choice
    const problem = await (card ??= cardProblem(tell))
    return problem === undefined ? choice : { reason: problem }
  }
  /** Starts a VM once, which makes its template; answers why it cannot be. */
  const start = (machine: string, fetch: boolean): Promise<string | undefined> => {
    const known = starts.get(machine) ?? startVm(machine, fetch, tell)
    starts.set(machine, known)
    return known
  }

  async function warmUp(one: Held): Promise<void> {
    const choice = await choiceFor(one)
    if ('name' in choice) await start(`vm:${choice.name}`, choice.fetch)
  }

  const first = startMachineRun(on('local'), {
    ...listener,
    finished: (result, declared) => {
      if (result.status !== 'skipped' || declared === undefined || declared.needs.length === 0) {
        listener.finished(result, declared)
        return
      }
      const one = { result, declared }
      held.push(one)
      // What goes wrong in it is told when its turn has come.
      void warmUp(one).catch(() => undefined)
    },
  })

  async function run(): Promise<void> {
    await first.ended
    const loads = new Map<string, Load>()
    const stay = (one: Held, reason?: string): void => {
      if (reason !== undefined) reasons.set(one.result, `${one.result.skipReason ?? ''}; no VM: ${reason}`)
      listener.finished({ ...one.result, ...skipOf(one.result, reasons) }, one.declared)
    }
    const bailed = options.bail === true && first.result().scenarios.some(({ status }) => status === 'not met')
    for (const one of held) {
      // A suite may leave a scenario out for reasons of its own.
      const choice = bailed || (await missingOf(one)).length === 0 ? { reason: undefined } : await choiceFor(one)
      const problem = 'reason' in choice ? choice.reason : await start(`vm:${choice.name}`, choice.fetch)
      if ('reason' in choice || problem !== undefined) {
        stay(one, problem)
        continue
      }
      const machine = `vm:${choice.name}`
      const load = loads.get(machine) ?? { machine, held: [] }
      load.held.push(one)
      loads.set(machine, load)
    }
    for (const load of loads.values()) {
      const vm = startMachineRun(narrowed(on(load.machine), load.held), {
        ...listener,
        // They were found before, on this machine.
        found: () => undefined,
        finished: (result, declared) => {
          if (isOf(result, load)) listener.finished(afterMove(result, load), declared)
        },
      })
      moved.push({ ...vm, result: () => asMoved(vm.result(), load) })
      await vm.ended
    }
  }

  return { result: () => joined(first.result(), moved, reasons), ended: run() }
}

async function startVm(machine: string, fetch: boolean, tell: (sentence: string) => void): Promise<string | undefined> {
  if (fetch) tell(`this machine's kernel lacks some of it, and no kernel is cached: ${machine} is fetched for it`)
  try {
    const vm = await machineFor(machine)
    await vm.dispose()
    return undefined
  } catch (error) {
    return problemText(error)
  }
}

/** Sees to a QEMU that emulates an SR-IOV card: fetches one where none is there; answers why there is none even so. */
async function cardProblem(tell: (sentence: string) => void): Promise<string | undefined> {
  try {
    const found = await findCardQemu()
    if ('qemu' in found) return undefined
    if (!found.canBeFetched) return found.reason
    tell('no QEMU here emulates an SR-IOV card: a newer one is fetched for it, 12 MB')
    await provideQemu(tell)
    return undefined
  } catch (error) {
    return problemText(error)
  }
}

/** Only these scenarios, of their files. */
function narrowed(options: MachineRunOptions, held: readonly Held[]): MachineRunOptions {
  const suites = new Set(held.map(({ result }) => result.suite))
  const titles = new Set(held.map(({ result }) => result.scenario))
  const pattern = [...titles].map((title) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  return {
    ...options,
    suites: options.suites.filter(({ name }) => suites.has(name)),
    title: new RegExp(pattern),
    wanted: (title) => titles.has(title),
  }
}

const keyOf = ({ suite, scenario }: ScenarioResult) => `${suite}\n${scenario}`

/** A VM may lack it as well: then both reasons are told. */
function afterMove(result: ScenarioResult, { machine, held }: Load): ScenarioResult {
  const here = held.find((one) => keyOf(one.result) === keyOf(result))?.result.skipReason
  if (here === undefined) return result
  if (result.status !== 'skipped') return { ...result, movedBecause: here }
  return { ...result, skipReason: `${here}; ${machine}: ${result.skipReason ?? 'no reason given'}` }
}

/** Whether a result is of what was to move: a title may stand in two files, of which one had nothing to. */
function isOf(result: ScenarioResult, { held }: Load): boolean {
  const namesakes = held.filter((one) => one.result.scenario === result.scenario)
  return namesakes.length === 0 || namesakes.some((one) => one.result.suite === result.suite)
}

const asMoved = (run: RunResult, load: Load): RunResult => ({
  ...run,
  scenarios: run.scenarios.filter((result) => isOf(result, load)).map((result) => afterMove(result, load)),
})

function skipOf(result: ScenarioResult, reasons: ReadonlyMap<ScenarioResult, string>): { skipReason?: string } {
  const reason = reasons.get(result)
  return reason === undefined ? {} : { skipReason: reason }
}

/** What ran elsewhere takes the place of what was skipped here. */
function joined(
  first: RunResult,
  moved: readonly MachineRun[],
  reasons: ReadonlyMap<ScenarioResult, string>,
): RunResult {
  const runs = moved.map(({ result }) => result())
  const elsewhere = Map.groupBy(
    runs.flatMap((run) => run.scenarios),
    keyOf,
  )
  const scenarios = first.scenarios.map((result) => {
    const skipped = result.status === 'skipped' ? { ...result, ...skipOf(result, reasons) } : result
    return result.status === 'skipped' ? (elsewhere.get(keyOf(result))?.shift() ?? skipped) : result
  })
  // A file that could be read here, and not there.
  const rest = [...elsewhere.values()].flat().filter(({ status }) => status === 'not met')
  const all = [...scenarios, ...rest]
  return { ...first, scenarios: all, claims: judgeClaims(first.claims, all) }
}
