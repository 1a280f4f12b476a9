import { openLab } from '../../harness/lab/lab.ts'
import { containerMachine, containerObstacle } from '../../harness/machines/container/container-machine.ts'
import { findEngine } from '../../harness/machines/container/find-engine.ts'
import type { Machine } from '../../harness/machines/machine.ts'
import { startEngine, type Engine } from '../engine/engine.ts'
import { documentA } from './by-hand.ts'
import type { VmFigure } from './vm.ts'

const commands = 200
const coldStart = 'container: first start and end on a new engine'

/**
 * Measures what containers cost, with the engine that answers, else one of the project's own: start, a command, and labs
 * and document A against the machine itself, in turns, so that both have the same company on the cores.
 *
 * @param runDocument - runs document A's suite on a machine, as from the command line
 * @returns why nothing could be measured, when it could not
 */
export async function measureContainers(
  local: Machine,
  runDocument: (on: string) => Promise<unknown>,
  add: (figure: VmFigure) => void,
): Promise<string | undefined> {
  let own: Engine | undefined
  let cold: number | undefined
  let reason = await containerObstacle()
  if (reason !== undefined && process.env['DOCKER_HOST'] === undefined) {
    try {
      own = await startEngine()
      process.env['DOCKER_HOST'] = own.host
      cold = await timed(async () => (reason = await containerObstacle()))
    } catch (error) {
      reason = `${reason}; ${String(error)}`
    }
  }
  try {
    if (reason === undefined) {
      if (cold !== undefined) add({ what: coldStart, measured: cold, unit: 'ms', note: 'its image is made; once' })
      else process.stderr.write(`bench: ${coldStart} is not measured: the engine that answers is not the bench’s own\n`)
      await measure(local, runDocument, add)
    }
    return reason
  } finally {
    await own?.stop()
  }
}

async function measure(
  local: Machine,
  runDocument: (on: string) => Promise<unknown>,
  add: (figure: VmFigure) => void,
): Promise<void> {
  const { Version: version, Components: parts } = (await (await findEngine()).version()) as {
    Version: string
    Components?: readonly { Name: string }[]
  }
  const engine = `${parts?.[0]?.Name ?? 'Engine'} ${version}`
  const starts: number[] = []
  for (let i = 0; i < 7; i++) {
    const startedAt = performance.now()
    const machine = await containerMachine()
    starts.push(performance.now() - startedAt)
    await machine.dispose()
  }
  add({ what: 'container: start', measured: median(starts), unit: 'ms', most: 300, note: spread(starts, engine) })
  const machine = await containerMachine()
  try {
    const sandbox = await machine.openSandbox()
    const runs: number[] = []
    for (let i = 0; i < commands; i++) runs.push(await timed(() => sandbox.run(['true'])))
    add({
      what: 'container: command in a lab',
      measured: median(runs),
      unit: 'ms',
      most: 3,
      note: spread(runs, engine),
    })
    const labs = await inTurns(9, (one: Machine) => buildLab(one), [machine, local])
    add({ what: 'container: building document A’s lab / local', ...labs, unit: '×', most: 1.5 })
  } finally {
    await machine.dispose()
  }
  const whole = await inTurns(5, runDocument, ['container', 'local'])
  add({ what: 'container: document A’s whole suite / local', ...whole, unit: '×', most: 1.5 })
}

async function buildLab(machine: Machine): Promise<void> {
  const lab = await openLab(machine, documentA)
  await lab.build()
  await lab.dispose()
}

/** The median of the ratios of pairs that ran one right after the other. */
async function inTurns<Subject>(
  pairs: number,
  work: (subject: Subject) => Promise<unknown>,
  [first, second]: readonly [Subject, Subject],
): Promise<{ measured: number; note: string }> {
  const ratios: number[] = []
  const times: { first: number; second: number }[] = []
  for (let i = 0; i < pairs; i++) {
    const pair = { first: await timed(() => work(first)), second: await timed(() => work(second)) }
    times.push(pair)
    ratios.push(pair.first / pair.second)
  }
  const [a, b] = [median(times.map((pair) => pair.first)), median(times.map((pair) => pair.second))]
  const range = `${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)}`
  return { measured: median(ratios), note: `${a.toFixed(0)} ms against ${b.toFixed(0)} ms; ${pairs} pairs, ${range}` }
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const spread = (numbers: readonly number[], engine: string): string =>
  `${engine}; median of ${numbers.length}, the fastest ${Math.min(...numbers).toFixed(1)}`
