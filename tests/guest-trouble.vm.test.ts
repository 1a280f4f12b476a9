import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema } from '../harness/report/json.ts'

const reason = await vmObstacle('6.1')
const main = join(import.meta.dirname, '../harness/cli/main.ts')

const suite = (title: string, after = '') => `
import { topology, underlay, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
scenario(topology('pair', { underlay: hosts }), '${title}').expect({ a: { b: reached } })${after}
`
// In the kernel's own words: no sound kernel warns on demand.
const warning = 'WARNING: CPU: 0 PID: 1 at net/core/dev.c:1234 dev_do_it+0x1/0x2'

test('a run in whose guest the kernel warned fails, shows it, and goes on with the next lab', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const folder = await mkdtemp(join(tmpdir(), 'netwright-trouble-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  // Last of all: the scenario is over before the guest is ended.
  const warns = `.given('warning', ({ a: { $ } }) => $\`echo ${JSON.stringify(`<4>${warning}`)} > /dev/kmsg\`)`
  await writeFile(join(folder, 'warns.suite.ts'), suite('all is reached, yet the kernel warned', warns))
  await writeFile(join(folder, 'well.suite.ts'), suite('all is well'))
  const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
    const args = [main, 'run', '--on', 'vm:6.1', '--json', '-']
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, out: stdout })
    })
  })
  expect(code).toBe(1)
  const { scenarios } = resultsSchema.parse(JSON.parse(out))
  const statuses = scenarios.map(({ scenario, status }) => `${scenario}: ${status}`).sort()
  expect(statuses).toEqual(['all is reached, yet the kernel warned: not met', 'all is well: met'])
  expect(JSON.stringify(scenarios)).toContain(`the guest's kernel warned: `)
  expect(JSON.stringify(scenarios)).toContain(warning)
})
