import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Engine } from '../scripts/engine/engine.ts'
import { startOrSkip } from '../harness/machines/container/testing/start-or-skip.ts'
import { vagrantObstacle } from '../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import type { RunResult } from '../harness/model/results.ts'
import { resultsOf, resultsSchema, type Results } from '../harness/report/json.ts'

const machines = ['local', 'container', 'vm:6.1', 'vagrant:debian12']
/** The scenario of document A's claim A7: 17 cells before a remedy, with it, and after its undo. */
const scenario = ['macvlan-in-action/host-access', '-t', 'until a mac0 sub-interface']
const root = join(import.meta.dirname, '..')

let engine: Engine | undefined
const reason = (await vagrantObstacle('debian12')) ?? (await vmObstacle('6.1')) ?? (await engineObstacle())
afterAll(() => engine?.stop())

async function engineObstacle(): Promise<string | undefined> {
  const own = await startOrSkip('docker')
  if (typeof own === 'string') return own
  engine = own
  return undefined
}

test('document A gives the same verdicts on every kind of machine, and with its nodes in two boxes', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const report = await mkdtemp(join(tmpdir(), 'netwright-every-'))
  onTestFinished(() => rm(report, { recursive: true }))
  const matrix = await netwright('matrix', ...scenario, '--on', machines.join(','), '--report', report)
  expect(matrix).toMatchObject({ code: 0 })
  const run = JSON.parse(await readFile(join(report, 'run.json'), 'utf8')) as RunResult
  const all = machines.map((name) =>
    resultsOf({ ...run, scenarios: run.scenarios.filter(({ machine }) => machine.name === name) }),
  )
  const [local, ...others] = all.map(verdictsOf)
  expect(local?.length).toBeGreaterThan(15)
  for (const [i, verdicts] of others.entries()) expect(verdicts, machines[i + 1]).toEqual(local)

  const boxes = ['--on', 'vagrant:debian12', '--place', 'node2=vagrant:debian12']
  const { code, out } = await netwright('run', ...scenario, ...boxes, '--json', '-')
  expect(code).toBe(0)
  const apart = resultsSchema.parse(JSON.parse(out))
  expect(verdictsOf(apart)).toEqual(local)
  // It crossed from box to box.
  const reachedOther = apart.rows.find(({ from, to }) => from === 'node1/ns1' && to === 'node2')
  const devices = reachedOther?.evidence.sightings.map(({ dev, direction }) => `${dev} ${direction}`)
  expect(devices).toEqual(expect.arrayContaining(['uplink1 out', 'uplink2 in', 'uplink2 out', 'uplink1 in']))
}, 300_000)

/** One line for each cell; all of them were as expected. */
function verdictsOf({ rows, totals }: Results): readonly string[] {
  expect(totals).toMatchObject({ notMet: 0, skipped: 0 })
  return rows.map(({ scenario, step, from, to, address, proto, observed }) => {
    const why = observed.verdict === 'blocked' ? [observed.reason, observed.at] : []
    return [scenario, step, from, to, address, proto, observed.verdict, ...why].join(' | ')
  })
}

async function netwright(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, DOCKER_HOST: engine?.host }
  return new Promise((resolve) => {
    const argv = [join(root, 'harness/cli/main.ts'), ...args]
    execFile(process.execPath, argv, { env, maxBuffer: 2 ** 28 }, (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), out, err })
    })
  })
}
