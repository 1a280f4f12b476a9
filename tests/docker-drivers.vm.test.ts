import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dockerRemedy, findDocker } from '../harness/machines/docker-programs.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema, type Results } from '../harness/report/json-schema.ts'

const root = join(import.meta.dirname, '..')
const reason =
  (await findDocker()) === undefined ? `there is no Docker Engine: ${dockerRemedy}` : await vmObstacle('6.1')

/** Each takes over a minute on an emulated processor: what changes seldom is asked for by `npm run test:chaos`. */
const isAskedFor = process.env['NETWRIGHT_CHAOS_ROUNDS'] !== undefined

// What this machine's own run of these suites skips where its kernel has no ipvlan.
test('Docker’s ipvlan driver is measured on a kernel that has it: mode l2', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const results = await run('ipvlan-demo/docker-ipvlan')
  expect(results.scenarios.map(({ claim, status }) => `${claim ?? ''} ${status}`)).toEqual(['ipvlan-demo C4 met'])
  expect(firstVerdict(results, 'node1/c1', 'c2')).toBe('reached')
  expect(firstVerdict(results, 'node1', 'c1')).toBe('ipvlan-parent-isolation')
}, 300_000)

test('Docker’s ipvlan driver is measured on a kernel that has it: mode l3', async (context) => {
  if (reason !== undefined) context.skip(reason)
  if (!isAskedFor) context.skip('`npm run test:chaos` runs it')
  const results = await run('k8s-ipvlan-macvlan/docker-ipvlan', '-t', 'Docker: containers')
  expect(results.scenarios.map(({ claim, status }) => `${claim ?? ''} ${status}`)).toEqual([
    'k8s-ipvlan-macvlan D1 met',
  ])
  expect(firstVerdict(results, 'node1/c1', 'c2')).toBe('reached')
  expect(firstVerdict(results, 'node1/c1', 'node2')).toBe('no-return-route')
  expect(firstVerdict(results, 'node2', 'c1')).toBe('no-route')
}, 300_000)

test('Docker’s ipvlan driver is measured on a kernel that has it: an internal network', async (context) => {
  if (reason !== undefined) context.skip(reason)
  if (!isAskedFor) context.skip('`npm run test:chaos` runs it')
  const results = await run('k8s-ipvlan-macvlan/docker-internal-lan', '-t', 'internal, ipvlan')
  expect(results.scenarios.map(({ claim, status }) => `${claim ?? ''} ${status}`)).toEqual([
    'k8s-ipvlan-macvlan D4 met',
  ])
  expect(firstVerdict(results, 'node2', 'c1')).toBe('reached')
  expect(firstVerdict(results, 'node1/c1', '203.0.113.9')).toBe('no-route')
}, 300_000)

async function run(...suites: readonly string[]): Promise<Results> {
  const argv = [join(root, 'harness/cli/main.ts'), 'run', ...suites, '--on', 'vm:6.1', '--json', '-']
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, argv, { cwd: root, maxBuffer: 1 << 26 }, (_, out) => {
      resolve(out)
    })
  })
  return resultsSchema.parse(JSON.parse(stdout))
}

/** The verdict of a cell when it was first asked for. */
function firstVerdict({ rows }: Results, from: string, to: string): string | undefined {
  const observed = rows.find((row) => row.from === from && row.to === to)?.observed
  return (observed?.verdict === 'blocked' ? observed.reason : observed?.verdict) ?? undefined
}
