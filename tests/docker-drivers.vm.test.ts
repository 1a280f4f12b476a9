import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dockerRemedy, findDocker } from '../harness/machines/docker-programs.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema } from '../harness/report/json-schema.ts'

const root = join(import.meta.dirname, '..')
const reason =
  (await findDocker()) === undefined ? `there is no Docker Engine: ${dockerRemedy}` : await vmObstacle('6.1')

// What this machine's own run of these suites skips where its kernel has no ipvlan. Each scenario starts an engine, for which an
// emulated processor takes its time: those without a parent, and beside macvlan, are left to the nightly matrix.
const suites = ['ipvlan-demo/docker-ipvlan', 'k8s-ipvlan-macvlan/docker-ipvlan', '-t', 'Docker: containers']

test('Docker’s ipvlan driver is measured on a kernel that has it, l2 and l3', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const argv = [join(root, 'harness/cli/main.ts'), 'run', ...suites, '--on', 'vm:6.1', '--json', '-']
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, argv, { cwd: root, maxBuffer: 1 << 26 }, (_, out) => {
      resolve(out)
    })
  })
  const results = resultsSchema.parse(JSON.parse(stdout))
  expect(results.scenarios.map(({ claim, status }) => `${claim ?? ''} ${status}`).sort()).toEqual([
    'ipvlan-demo C4 met',
    'k8s-ipvlan-macvlan D1 met',
  ])
  /** The verdict of a cell when it was first asked for. */
  const verdictOf = (claim: string, from: string, to: string) => {
    const row = results.rows.find((one) => one.claim?.endsWith(claim) && one.from === from && one.to === to)
    return row?.observed.verdict === 'blocked' ? row.observed.reason : row?.observed.verdict
  }
  expect(verdictOf('C4', 'node1/c1', 'c2')).toBe('reached')
  expect(verdictOf('C4', 'node1', 'c1')).toBe('ipvlan-parent-isolation')
  expect(verdictOf('D1', 'node1/c1', 'c2')).toBe('reached')
  expect(verdictOf('D1', 'node1/c1', 'node2')).toBe('no-return-route')
  expect(verdictOf('D1', 'node2', 'c1')).toBe('no-route')
}, 300_000)
