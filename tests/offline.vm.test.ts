import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema } from '../harness/report/json-schema.ts'

const root = join(import.meta.dirname, '..')
// Looking for an obstacle fetches the kernel, so that the cache is warm.
const reason = process.geteuid?.() === 0 ? await vmObstacle('6.1') : 'only root takes its own network away'

test('with a warm cache a run in a VM needs no network', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const argv = ['run', 'virtual-nics/ipvlan', '--on', 'vm:6.1', '--json', '-']
  const inNothing = ['--net', process.execPath, join(root, 'harness/cli/main.ts'), ...argv]
  const { stdout } = await promisify(execFile)('unshare', inNothing, { cwd: root, maxBuffer: 1 << 28 })
  const { totals, scenarios } = resultsSchema.parse(JSON.parse(stdout))
  expect(totals).toMatchObject({ notMet: 0, skipped: 0 })
  expect(scenarios[0]?.machine).toMatchObject({ kind: 'vm', kernel: expect.stringMatching(/^6\.1\./) as string })
}, 120_000)
