import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema } from '../harness/report/json.ts'

const main = join(import.meta.dirname, '../harness/cli/main.ts')
const reason = await vmObstacle('6.1')

test('on a kernel booted with ipv6.disable=1, IPv6 scenarios are skipped with the reason, IPv4 ones are met, and of mixed ones the half is told', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const suites = ['macvlan-in-action/ipv6', 'macvlan-in-action/children', 'beyond/passthru']
  const args = [main, 'run', ...suites, '--on', 'vm:6.1?ipv6.disable=1', '--json', '-']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 2 ** 20 })
  const { scenarios, rows } = resultsSchema.parse(JSON.parse(stdout))
  const told = scenarios.map(({ suite, status, skipReason }) => `${suite}: ${status} ${skipReason ?? ''}`.trim())
  const disabled = 'IPv6 is disabled in the kernel (socket: Address family not supported by protocol)'
  expect([...new Set(told)].sort()).toEqual([
    'beyond/passthru: met',
    'macvlan-in-action/children: met',
    `macvlan-in-action/ipv6: skipped ${disabled}`,
  ])
  // One of its scenarios is over both families.
  const leftOut = scenarios.flatMap((scenario) => scenario.leftOut ?? [])
  expect(leftOut).toEqual([{ cells: expect.any(Array) as string[], reason: disabled }])
  expect(leftOut[0]?.cells).toContain('expect: host/ns1 → outside, IPv6')
  expect(leftOut[0]?.cells.every((cell) => cell.endsWith(', IPv6'))).toBe(true)
  const families = rows.filter(({ suite }) => suite === 'beyond/passthru').map(({ family }) => family)
  expect([...new Set(families)]).toEqual([4])
})
