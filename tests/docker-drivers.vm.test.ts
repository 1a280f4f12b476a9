import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { dockerRemedy, findDocker } from '../harness/machines/docker-programs.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema } from '../harness/report/json-schema.ts'

const root = join(import.meta.dirname, '..')
const reason =
  (await findDocker()) === undefined ? `there is no Docker Engine: ${dockerRemedy}` : await vmObstacle('6.1')

test('Docker’s ipvlan driver is measured on a kernel that has it', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const suite = 'suites/ipvlan-demo/docker-ipvlan'
  const argv = [join(root, 'harness/cli/main.ts'), 'run', suite, '--on', 'vm:6.1', '--json', '-']
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root, maxBuffer: 1 << 26 })
  const results = resultsSchema.parse(JSON.parse(stdout))
  expect(results.totals).toMatchObject({ met: 1, notMet: 0, skipped: 0 })
  const verdictOf = (from: string, to: string) =>
    results.rows.find((row) => row.from === from && row.to === to)?.observed
  expect(verdictOf('node1/c1', 'c2')).toMatchObject({ verdict: 'reached' })
  expect(verdictOf('node1', 'c1')).toMatchObject({ verdict: 'blocked', reason: 'ipvlan-parent-isolation' })
}, 240_000)
