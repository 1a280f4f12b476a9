import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestResult } from 'allure-js-commons'
import { afterAll, beforeAll, expect, test } from 'vitest'

const project = fileURLToPath(new URL('testing/allure-project', import.meta.url))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

const folders: string[] = []
let results: readonly TestResult[] = []

/** Runs the sample project in a vitest of its own, and reads what its reporter wrote. */
const run = async (...args: readonly string[]): Promise<TestResult[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-allure-'))
  folders.push(folder)
  const env = { ...process.env, ALLURE_RESULTS: folder }
  await promisify(execFile)(process.execPath, [vitest, 'run', '--root', project, ...args], { env, cwd: project }).catch(
    () => 'some of its tests fail on purpose',
  )
  const names = (await readdir(folder)).filter((name) => name.endsWith('-result.json'))
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as TestResult))
}
const line = ({ status, name = '', statusDetails: { message = '' } }: TestResult) =>
  `${status ?? ''}: ${name}${message === '' ? '' : ` (${message.split('\n', 1)[0] ?? ''})`}`
const named = (name: string) => results.find((result) => result.name === name)

beforeAll(async () => {
  results = await run()
}, 30_000)
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

test('scenarios and plain tests, with the reasons of skips, todos, retries and files that cannot be loaded', () => {
  expect(results.map(line).sort().join('\n')).toMatchInlineSnapshot(`
    "broken: broken.case.ts could not be loaded (this file cannot be loaded)
    failed: fails (expected 1 to be 2 // Object.is equality)
    failed: promiscuous mode is not needed (without promisc: 1 of 1 cell is not as expected)
    passed: children answer over IPv6 and TCP
    passed: lsmod lists macvlan
    passed: ns → host fails until a mac0 sub-interface is added
    passed: passes at the second attempt (passed at attempt 2)
    passed: passes with an annotation
    passed: two namespaces and another node answer
    passed: vepa children talk through the switch (hairpin off)
    passed: vepa children talk through the switch (hairpin on)
    skipped: is skipped in the file (skipped in the test file, without a reason)
    skipped: is skipped with a reason (no IPv6 here)
    skipped: is to do (to do)
    skipped: net1 and net2 on the host (kernel has no ipvlan: CONFIG_IPVLAN is not set)
    skipped: ns1 → ns2 with the default route (kernel has no ipvlan: CONFIG_IPVLAN is not set)"
  `)
})

test('a scenario is written as a scenario', () => {
  const until = named('ns → host fails until a mac0 sub-interface is added')
  expect(until?.steps.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "Build “macvlan bridge”",
      "Expect “before”: 6 of 6 cells as expected",
      "Until “mac0 takes over the address of ens160”",
      "Expect “after”: 1 of 1 cell as expected",
      "Undo “mac0 takes over the address of ens160”",
      "Expect “and back”: 1 of 1 cell as expected",
    ]
  `)
  expect(until?.description).toContain('**confirmed** in this run')
})

test('a plain test keeps its annotations and says its vitest project', () => {
  const annotated = named('passes with an annotation')
  expect(annotated?.steps.map(({ name }) => name)).toContain('note: measured with iproute2 6.1')
  expect(annotated?.parameters).toContainEqual({ name: 'project', value: 'sample' })
})

test('what `-t` leaves out is not reported as skipped', async () => {
  const filtered = await run('sample', '-t', 'plain tests passes')
  expect(filtered.map(line).sort()).toMatchInlineSnapshot(`
    [
      "skipped: passes at the second attempt (skipped in the test file, without a reason)",
      "skipped: passes with an annotation (skipped in the test file, without a reason)",
    ]
  `)
}, 30_000)
