// Measures what the project promises about speed, against the same done by hand in the same run. Writes nothing.
// Usage: node scripts/bench.ts [--json] [--run] [--vm] [--container] [--matrix]
//   --run, --vm, --container: only what a whole run, VMs and boxes, or containers cost
//   --matrix: the table of four kernels, which takes minutes and is not part of the rest
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openLab } from '../harness/lab/lab.ts'
import { localMachine } from '../harness/machines/local/local-machine.ts'
import { tcp, type Family, type ProbeSpec, type Protocol } from '../harness/model/probe.ts'
import { reached } from '../harness/model/verdict.ts'
import { knownPeers } from '../harness/probe/controls.ts'
import { measureRow } from '../harness/probe/row.ts'
import { watchLab } from '../harness/probe/watch.ts'
import { measureCells } from '../harness/suite/measure.ts'
import { timingFor } from '../harness/suite/timing.ts'
import { judge } from '../harness/verdict/classify.ts'
import { onBench, told, type Bench, type Trial } from '../harness/verdict/testing/bench.ts'
import { typedByHand, builtByHand, documentA } from './bench/by-hand.ts'
import { measureContainers } from './bench/container.ts'
import { measureBoxes } from './bench/vagrant.ts'
import { measureVms, type VmFigure } from './bench/vm.ts'
import { measureIpvlanSuites, measureMatrix, measureWholeRun } from './bench/whole-runs.ts'

interface Figure {
  readonly what: string
  readonly measured: number
  readonly unit: string
  readonly goal?: string
  readonly met?: boolean
  readonly note?: string
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    run: { type: 'boolean', default: false },
    vm: { type: 'boolean', default: false },
    matrix: { type: 'boolean', default: false },
    container: { type: 'boolean', default: false },
  },
})
const machine = await localMachine()
const timing = timingFor(machine.facts.kind)
const figures: Figure[] = []

function add(figure: Figure): void {
  figures.push(figure)
  if (values.json) return
  const goal = figure.goal === undefined ? '' : `  goal ${figure.goal}: ${figure.met === true ? 'met' : 'NOT MET'}`
  const note = figure.note === undefined ? '' : `  (${figure.note})`
  console.log(`${figure.what.padEnd(52)} ${figure.measured.toFixed(1).padStart(9)} ${figure.unit}${goal}${note}`)
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function certifiedNegatives(): Promise<void> {
  const bridge = ['bridge', 'bridge'] as const
  const rule = 'table inet t { chain c { type filter hook input priority 0; icmp type echo-request drop; }; }'
  const trials: readonly Trial[] = [
    {
      what: 'parent isolation',
      modes: bridge,
      from: 'node1/ns1',
      to: '10.0.0.1',
      is: 'macvlan-parent-isolation at node1 eth0',
    },
    {
      what: 'private mode',
      modes: ['private', 'private'],
      from: 'node1/ns1',
      to: '10.0.0.12',
      is: 'private-mode at node1 eth0',
    },
    { what: 'no return route', modes: bridge, from: 'client', to: '10.0.0.11', is: 'no-return-route at node1/ns1' },
    {
      what: 'no listener',
      from: 'node1',
      to: '10.0.0.2',
      over: tcp(80, { service: 'own' }),
      is: 'no-listener at node2 eth0',
    },
    {
      what: 'netfilter drop, with its rule traced',
      given: ({ node2: { $ } }) => $`nft ${rule}`,
      from: 'node1',
      to: '10.0.0.2',
      is: 'netfilter-drop at node2',
    },
  ]
  for (const trial of trials) {
    const ms = await onBench(machine, trial, async (bench) => {
      await trial.given?.(bench.hosts)
      const first = await bench.measure(trial)
      if (told(first) !== trial.is) throw new Error(`${trial.what}: ${told(first)}\n${first.story.join('\n')}`)
      return median(await repeatedly(bench, trial, first.evidence.probe.owner))
    })
    add({ what: `certified negative: ${trial.what}`, measured: ms, unit: 'ms', goal: '≤ 100 ms', met: ms <= 100 })
  }
}

/** Nine cold probes with their controls, look-ups and verdict; the graph is read once, as for any matrix. */
async function repeatedly({ lab }: Bench, trial: Trial, owner: string | undefined): Promise<number[]> {
  const watch = await watchLab(lab)
  const graph = await lab.graph()
  const prober = { lab, graph, watch, patience: timing.patience, peers: knownPeers() }
  const protocol: Protocol = trial.over ?? { kind: 'icmp' }
  const spec: ProbeSpec = {
    from: trial.from,
    to: trial.to,
    address: trial.to,
    family: 4,
    protocol,
    ...(owner === undefined ? {} : { owner }),
  }
  const times: number[] = []
  for (let i = 0; i < 9; i++) {
    times.push(
      await timed(async () => {
        const [evidence] = await measureRow(prober, [spec])
        const verdict = evidence && judge(evidence, graph).verdict
        if (verdict?.verdict !== 'blocked') throw new Error(`${trial.what}: ${JSON.stringify(verdict)}`)
      }),
    )
  }
  return times
}

/** Children, host and outside, all towards all, ICMP over both families, in each of the four modes; labs included. */
async function macvlanMatrix(): Promise<void> {
  let cells = 0
  const one = async (mode: string): Promise<void> => {
    const modes: [string, string?] = mode === 'passthru' ? [mode] : [mode, mode]
    await onBench(machine, { modes }, async ({ lab }) => {
      const watch = await watchLab(lab)
      const graph = await lab.graph()
      const places = ['node1/ns1', ...(modes[1] === undefined ? [] : ['node1/ns2']), 'node1', 'node2']
      const planned = places.flatMap((from) =>
        places.flatMap((to) =>
          from === to
            ? []
            : ([4, 6] as Family[]).map((family) => ({
                from,
                to,
                destination: { kind: 'place', id: to } as const,
                family,
                protocol: { kind: 'icmp' } as const,
                expected: reached,
              })),
        ),
      )
      const prober = { lab, graph, watch, patience: timing.patience, peers: knownPeers() }
      const results = await measureCells(prober, planned, timing.neighbours)
      const unsure = results.filter((cell) => cell.observed.verdict === 'inconclusive')
      if (unsure.length > 0)
        console.error(unsure.map((cell) => `${mode} ${cell.from} → ${cell.to}\n${cell.story.join('\n')}`).join('\n'))
      cells += results.length
    })
  }
  const ms = await timed(() => Promise.all(['bridge', 'private', 'vepa', 'passthru'].map(one)))
  add({
    what: 'full macvlan matrix, labs included',
    measured: ms,
    unit: 'ms',
    goal: '≤ 2000 ms',
    met: ms <= 2000,
    note: `${String(cells)} cells`,
  })
}

async function againstTheDocument(): Promise<void> {
  const byHand = await timed(() => typedByHand(machine))
  add({ what: 'document A typed as printed, pings as a person sees', measured: byHand, unit: 'ms' })
  const rows = await timed(() => runSuites(typedRows.map((row) => `macvlan-in-action/${row}`)))
  add({ what: 'document A’s rows A2 to A8 by their suites, from command line to end', measured: rows, unit: 'ms' })
  const ratio = byHand / rows
  add({ what: 'document A: by hand / the same rows', measured: ratio, unit: '×', goal: '≥ 10×', met: ratio >= 10 })
  const whole = await timed(() => runSuites(['macvlan-in-action']))
  const note = 'TCP, UDP, IPv6 and promiscuity as well'
  add({ what: 'document A: by hand / its whole suite', measured: byHand / whole, unit: '×', note })
}

/** The suites of the rows that the document types commands for. */
const typedRows = [
  'devices',
  'children',
  'second-host',
  'second-host-namespace',
  'outside-client',
  'host-access',
  'parent-down',
]

function runSuites(suites: readonly string[], on = 'local'): Promise<unknown> {
  const main = fileURLToPath(new URL('../harness/cli/main.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [main, 'run', '--on', on, ...suites], { stdio: 'ignore' }).once('close', (code) => {
      if (code === 0) resolve(undefined)
      else reject(new Error(`${suites.join(' ')} on ${on} ended with ${String(code)}`))
    })
  })
}

async function building(): Promise<void> {
  const ours: number[] = []
  const hands: number[] = []
  for (let i = 0; i < 7; i++) {
    hands.push(await timed(() => builtByHand(machine)))
    ours.push(
      await timed(async () => {
        const lab = await openLab(machine, documentA)
        await lab.build()
        await lab.dispose()
      }),
    )
  }
  add({ what: 'building document A’s lab by hand with ip -batch', measured: median(hands), unit: 'ms' })
  add({ what: 'building document A’s lab', measured: median(ours), unit: 'ms' })
  const ratio = median(ours) / median(hands)
  add({ what: 'building: lab / by hand', measured: ratio, unit: '×', goal: '≤ 2×', met: ratio <= 2 })
}

async function channelCosts(): Promise<void> {
  const sandbox = await machine.openSandbox()
  const one = await timed(async () => {
    for (let i = 0; i < 200; i++) await sandbox.run(['true'])
  })
  add({ what: 'channel: one command', measured: one / 200, unit: 'ms' })
  const many = await timed(() => Promise.all(Array.from({ length: 320 }, () => sandbox.run(['true']))))
  add({ what: 'channel: 320 commands at once, each', measured: many / 320, unit: 'ms' })
  await sandbox.close()
}

function take({ what, measured, unit, note, most }: VmFigure): void {
  const goal = most === undefined ? {} : { goal: `≤ ${String(most)} ${unit}`, met: measured <= most }
  add({ what, measured, unit, note, ...goal })
}

async function containerCosts(): Promise<void> {
  const reason = await measureContainers(machine, (on) => runSuites(['macvlan-in-action'], on), take)
  if (reason !== undefined) console.error(`Containers were not measured: ${reason}`)
}

async function vmCosts(): Promise<void> {
  const reason = await measureVms(take)
  if (reason !== undefined) console.error(`VMs were not measured: ${reason}`)
  const suitesReason = await measureIpvlanSuites(take)
  if (suitesReason !== undefined) console.error(`The ipvlan suites were not measured: ${suitesReason}`)
  const boxReason = await measureBoxes(take)
  if (boxReason !== undefined) console.error(`Vagrant boxes were not measured: ${boxReason}`)
}

async function matrixCosts(): Promise<void> {
  const reason = await measureMatrix(take)
  if (reason !== undefined) console.error(`The table of four kernels was not measured: ${reason}`)
}

const all = !values.run && !values.vm && !values.container && !values.matrix
if (all) {
  await channelCosts()
  await certifiedNegatives()
  await macvlanMatrix()
  await building()
  await againstTheDocument()
}
if (all || values.run) await measureWholeRun(take)
if (all || values.container) await containerCosts()
if (all || values.vm) await vmCosts()
if (values.matrix) await matrixCosts()
await machine.dispose()
if (values.json) console.log(JSON.stringify({ kernel: machine.facts.kernel, figures }))
process.exitCode = figures.every(({ met }) => met !== false) ? 0 : 1
