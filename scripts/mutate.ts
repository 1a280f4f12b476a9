// The self-test against vacuous passes: breaks every lab in several ways and runs what passes on the sound lab. A scenario that
// still passes on a lab that was broken where it looks is a survivor: a fault in a verdict, or in a suite.
// Usage: node scripts/mutate.ts [suite…] [--on MACHINE] [--sample NUMBER | --all] [--only TEXT] [--minutes NUMBER] [--json]
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Channel } from '../harness/machines/channel/channel.ts'
import type { Machine } from '../harness/machines/machine.ts'
import type { ScenarioResult } from '../harness/model/results.ts'
import type { PlannedStep } from '../harness/suite/plan.ts'
import { machineFor } from '../harness/suite/machine-for.ts'
import { runScenario } from '../harness/suite/run-scenario.ts'
import { collectPlans, type SuitePlan } from './mutate/collect.ts'
import { gonePast } from './mutate/gone-past.ts'
import { phasesOf } from './mutate/phases.ts'
import { kinds, mutationsFor, type Kind, type Mutation } from './mutate/mutations.ts'

/** Broken labs tried by default; about three minutes. */
const usualSample = 240
/** Labs at a time: evidence has deadlines, and an overloaded machine would notice everything. */
const atOnce = 2

interface Trial {
  readonly of: SuitePlan
  /** The steps before the expectation that must notice. */
  readonly before: readonly PlannedStep[]
  readonly expectation: PlannedStep
  readonly mutation: Mutation
  readonly name: string
}

/** `did without`: what was measured is whole by the capture, and does not touch what was broken. */
type Fate = 'noticed' | 'survived' | 'did without' | 'not broken'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: 'string', default: 'local' },
    sample: { type: 'string', default: String(usualSample) },
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    minutes: { type: 'string', default: 'Infinity' },
    json: { type: 'boolean', default: false },
  },
})
const sampleSize = Number(values.sample)
if (!(sampleSize >= 1)) throw new Error(`--sample ${values.sample} is no number of broken labs`)
/** When no further lab is broken; what has been tried by then counts. */
const lateMs = Number(values.minutes) * 60_000
if (!(lateMs > 0)) throw new Error(`--minutes ${values.minutes} is no time`)
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)

const machine = await machineFor(values.on)
const began = performance.now()
const collected = await collectPlans(positionals)
const sound = await inParallel(collected, async (of) => ({
  of,
  result: await runScenario(of.plan, machine, { suite: of.suite }),
}))
const met = sound.filter(({ result }) => result.status === 'met')
for (const { of, result } of sound) {
  if (result.status === 'not met') say(`not met on its sound lab, so not tried: ${of.suite} > ${of.plan.title}`)
}
const possible = met.flatMap(({ of, result }) => trialsOf(of, result)).filter(({ name }) => name.includes(values.only))
const chosen = values.all ? possible : sample(possible)
say(
  `${String(met.length)} scenarios hold on their sound labs; ` +
    `${String(possible.length)} ways to break them, ${String(chosen.length)} tried${chosen.length < possible.length ? ' (a fixed sample; --all tries every one)' : ''}`,
)
const answers = await inParallel(chosen, async (trial) =>
  performance.now() - began < lateMs ? { trial, ...(await tryTrial(trial)) } : undefined,
)
const fates = answers.filter((answer) => answer !== undefined)
if (fates.length < chosen.length) say(`after ${values.minutes} minutes ${String(fates.length)} of them were tried`)
report()
await machine.dispose()

/** Each measured expectation of a scenario with each mutation that touches it, as it stood on the sound lab. */
function trialsOf(of: SuitePlan, result: ScenarioResult): Trial[] {
  const measured = result.steps.filter((s) => s.kind === 'expect')
  return phasesOf(of.plan.steps).flatMap(({ title, before, expectation, at }, i) => {
    const done = measured[i]
    const graph = done && result.graphs[done.graph]?.graph
    if (done === undefined || graph === undefined) return []
    return mutationsFor(graph, done.cells).map((mutation) => ({
      of,
      before,
      expectation,
      mutation,
      name: `${of.suite} > ${of.plan.title} > ${title} (step ${String(at + 1)}) | ${mutation.kind}: ${mutation.what}`,
    }))
  })
}

/** A fixed choice: a few of every kind first, then by a hash of the name, so that it does not change from run to run. */
function sample(trials: readonly Trial[]): Trial[] {
  const order = (trial: Trial): string => createHash('sha256').update(trial.name).digest('hex')
  const byHash = (a: Trial, b: Trial): number => order(a).localeCompare(order(b))
  const sorted = trials.toSorted(byHash)
  const share = Math.ceil(sampleSize / kinds.length)
  const fair = kinds.flatMap((kind) => sorted.filter(({ mutation }) => mutation.kind === kind).slice(0, share))
  const rest = sorted.filter((trial) => !fair.includes(trial)).slice(0, Math.max(0, sampleSize - fair.length))
  // Of every kind some are tried early, should the time be over.
  return [...fair, ...rest].sort(byHash)
}

/** Runs a scenario up to one expectation, breaks the lab just before it, and looks whether the expectation notices. */
async function tryTrial({ of, before, expectation, mutation }: Trial): Promise<{ fate: Fate; why: string }> {
  const opened: Channel[] = []
  const watched: Machine = {
    ...machine,
    openSandbox: async () => {
      const channel = await machine.openSandbox()
      opened.push(channel)
      return channel
    },
  }
  const state = { isBroken: false }
  // A check, because those may stand between a remedy and what it must flip.
  const breakage: PlannedStep = {
    kind: 'finding',
    title: mutation.what,
    holds: true,
    expected: true,
    check: async ({ hosts }) => {
      const channel = opened.at(-1)
      if (channel === undefined) throw new Error('no lab')
      await mutation.apply(hosts, channel)
      state.isBroken = true
      return { holds: true, found: 'broken' }
    },
  }
  const steps = [...before, breakage, expectation]
  const result = await runScenario({ ...of.plan, steps }, watched, { suite: of.suite })
  if (!state.isBroken) return { fate: 'not broken', why: result.failures[0]?.message ?? 'the lab was never broken' }
  if (result.status !== 'met') return { fate: 'noticed', why: '' }
  const measured = result.steps.findLast((step) => step.kind === 'expect')
  const past = gonePast(mutation.spot, measured?.cells ?? [])
  return past === undefined ? { fate: 'survived', why: '' } : { fate: 'did without', why: past }
}

function report(): void {
  const count = (kind: Kind, fate: Fate): number =>
    fates.filter((f) => f.trial.mutation.kind === kind && f.fate === fate).length
  for (const kind of kinds) {
    const [noticed, survived, failed] = [count(kind, 'noticed'), count(kind, 'survived'), count(kind, 'not broken')]
    say(
      `${kind.padEnd(18)} ${String(noticed).padStart(4)} of ${String(noticed + survived).padStart(4)} noticed${failed > 0 ? `, ${String(failed)} could not be broken` : ''}`,
    )
  }
  for (const { trial, fate, why } of fates) {
    if (fate === 'survived') say(`SURVIVED ${trial.name}`)
    if (fate === 'did without') say(`did without: ${trial.name}\n  ${why}`)
    if (fate === 'not broken') say(`NOT BROKEN ${trial.name}\n  ${why.split('\n').join('\n  ')}`)
  }
  for (const [why, names] of notBroken()) say(`not broken, ${why}:\n  ${names.join('\n  ')}`)
  const noticed = fates.filter((f) => f.fate === 'noticed').length
  const tried = fates.filter((f) => f.fate === 'noticed' || f.fate === 'survived').length
  const failed = fates.filter((f) => f.fate === 'not broken').length
  const score = tried === 0 ? 0 : Math.floor((1000 * noticed) / tried) / 10
  say(
    `score on ${values.on}: ${String(noticed)} of ${String(tried)} broken labs noticed, ${String(score)} % in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  )
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ noticed, tried, score, fates: fates.map(({ trial, fate }) => ({ name: trial.name, fate })) })}\n`,
    )
  process.exitCode = tried > 0 && noticed === tried && failed === 0 ? 0 : 1
}

/** The scenarios of which no lab could be broken, by why that is so. */
function notBroken(): Map<string, string[]> {
  const reasons = new Map<string, string[]>()
  const broken = new Set(possible.map(({ of }) => of))
  for (const { of, result } of sound) {
    if (broken.has(of)) continue
    const why =
      result.status === 'skipped'
        ? `for this machine cannot run it (${result.skipReason ?? 'no reason given'})`
        : result.status === 'not met'
          ? 'for it does not hold on its sound lab'
          : result.steps.some(({ kind }) => kind === 'expect')
            ? 'for no way to break it touches what it measured'
            : 'for it states findings and measures no connectivity: what it would have to notice differs from one to the next'
    reasons.set(why, [...(reasons.get(why) ?? []), `${of.suite} > ${of.plan.title}`])
  }
  return reasons
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
