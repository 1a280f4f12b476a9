import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StepResult, TestResult } from 'allure-js-commons'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAllureWriter, writeAllureResults } from './allure-results.ts'
import { sampleMachine, sampleRun, sampleScenario, sampleUntil } from './testing/sample-run.ts'

let folder = ''
let results: readonly TestResult[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-allure-'))
  await writeFile(join(folder, 'lan.pcapng'), 'a capture')
  const broken = sampleScenario({
    suite: 'beyond/passthru',
    scenario: 'second child',
    status: 'not met',
    steps: [],
    failures: [{ code: 'NETWRIGHT_SCRIPT_FAILED', message: 'ip link add exits with 2' }],
  })
  const elsewhere = sampleScenario({ machine: { ...sampleMachine, kind: 'vm', kernel: '6.12.1' } })
  const half = sampleScenario({
    scenario: 'half of it',
    leftOut: { cells: ['before: ns1 → ns2, IPv6'], reason: 'IPv6 is disabled in the kernel' },
  })
  const wrong = { ...sampleUntil({ wrong: true }), files: ['lan.pcapng'], scenario: 'goes wrong' }
  const run = sampleRun([...sampleRun().scenarios, wrong, broken, elsewhere, half])
  await writeAllureResults(run, join(folder, 'results'), folder)
  const names = (await readdir(join(folder, 'results'))).filter((name) => name.endsWith('-result.json'))
  results = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, 'results', name), 'utf8')) as TestResult),
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const named = (name: string) => results.filter((result) => result.name === name)
/** The steps with what hangs on them, indented. */
const tree = (steps: readonly StepResult[], indent = ''): string[] =>
  steps.flatMap(({ name = '', status, attachments, steps: inner }) => [
    `${indent}${status ?? ''}: ${name}`,
    ...attachments.map((attachment) => `${indent}  [${attachment.type ?? ''}] ${attachment.name}`),
    ...tree(inner, `${indent}  `),
  ])

test('the steps of a failing until, with commands, matrices, drawings and the wrong cell', () => {
  const [wrong] = named('goes wrong')
  expect(tree(wrong?.steps ?? []).join('\n')).toMatchInlineSnapshot(`
    "passed: Build “macvlan bridge”
      passed: Lay the underlay: 1 command
        [text/plain] Commands
      passed: node1# ip netns add ns1
      passed: node1# ip link add link ens160 mac1 type macvlan mode bridge
      passed: node1# ip link set mac1 netns ns1
      passed: node1# ip netns exec ns1 ip addr add 192.168.179.12/16 dev mac1
      passed: node1# ip -d link show mac1 (exit 1)
        [text/plain] Output
    failed: Expect “before”: 5 of 6 cells as expected
      [text/html] Matrix and evidence: before
      [image/svg+xml] Lab: before
      failed: ns1 → node1: reached
      passed: Probe and look up: 1 command
        [text/plain] Commands
    passed: Until “mac0 takes over the address of ens160”
      passed: node1# ip link add link ens160 mac0 type macvlan mode bridge
      passed: node1# ip addr del 192.168.179.9/16 dev ens160
    passed: Expect “after”: 1 of 1 cell as expected
      [text/html] Matrix and evidence: after
      [image/svg+xml] Lab: after “mac0 takes over the address of ens160”
      [text/plain] What changed since “before”
      passed: Probe and look up: 1 command
        [text/plain] Commands
    passed: Undo “mac0 takes over the address of ens160”
      passed: node1# ip link del mac0
    passed: Expect “and back”: 1 of 1 cell as expected
      [text/html] Matrix and evidence: and back
      passed: Probe and look up: 1 command
        [text/plain] Commands"
  `)
  expect(wrong?.attachments.map(({ name, type }) => `${name} [${type ?? ''}]`)).toMatchInlineSnapshot(`
    [
      "Reproduce: sudo bash repro.sh [text/plain]",
      "lan.pcapng [application/vnd.tcpdump.pcap]",
      "Captured frames, decoded [text/plain]",
    ]
  `)
  expect(wrong?.statusDetails.message).toMatch(/^before: 1 of 6 cells is not as expected\n[^]*✗ ns1 → node1/)
})

test('labels: document, claim and scenario, severity, machine, reasons', () => {
  const [until] = named('ns → host fails until a mac0 sub-interface is added')
  const labels = until?.labels.map(({ name, value }) => `${name}: ${value}`)
  expect(labels?.join('\n')).toMatchInlineSnapshot(`
    "epic: Macvlan 网络方案实践
    feature: macvlan-in-action A7: ns1 cannot reach node1 until a macvlan sub-interface on node1 takes over its address.
    story: ns → host fails until a mac0 sub-interface is added
    severity: critical
    parentSuite: macvlan-in-action
    suite: host-access
    machine: local 6.1.0-32-amd64
    kernel: 6.1.0-32-amd64
    distro: Debian GNU/Linux 12 (bookworm)
    arch: x86_64
    framework: netwright
    language: typescript
    tag: depends
    tag: macvlan-parent-isolation"
  `)
})

test('an error of the lab is broken, not failed; a skip says why', () => {
  expect(named('second child').map(({ status }) => status)).toEqual(['broken'])
  expect(named('net1 and net2 on the host').map(({ status, statusDetails }) => [status, statusDetails])).toEqual([
    ['skipped', { message: 'kernel has no ipvlan: CONFIG_IPVLAN is not set' }],
  ])
})

test('what was not measured stands beside a scenario that passed', () => {
  const [half] = named('half of it')
  expect(half?.status).toBe('passed')
  expect(half?.statusDetails).toEqual({
    message: '1 cell not measured: IPv6 is disabled in the kernel',
    trace: 'before: ns1 → ns2, IPv6',
  })
  expect(half?.labels).toContainEqual({ name: 'tag', value: 'not all measured' })
})

test('the same scenario on two machines is one test case with two histories', () => {
  const twice = named('two namespaces and another node answer')
  expect(new Set(twice.map(({ testCaseId }) => testCaseId)).size).toBe(1)
  expect(new Set(twice.map(({ historyId }) => historyId)).size).toBe(2)
})

test('every attachment is there, and none is shared', async () => {
  const sources = (steps: readonly StepResult[]): string[] =>
    steps.flatMap(({ attachments, steps: inner }) => [...attachments.map(({ source }) => source), ...sources(inner)])
  const all = results.flatMap(({ attachments, steps }) => [
    ...attachments.map(({ source }) => source),
    ...sources(steps),
  ])
  expect(new Set(all).size).toBe(all.length)
  expect(await readdir(join(folder, 'results'))).toEqual(expect.arrayContaining(all))
})

test('the run itself: claims, environment', async () => {
  const names = await readdir(join(folder, 'results'))
  const globals = names.find((name) => name.endsWith('-globals.json')) ?? ''
  const { attachments } = JSON.parse(await readFile(join(folder, 'results', globals), 'utf8')) as {
    attachments: unknown[]
  }
  expect(attachments).toMatchObject([
    { name: 'Claims', type: 'text/html' },
    { name: 'Summary', type: 'text/plain' },
  ])
  const environment = await readFile(join(folder, 'results', 'environment.properties'), 'utf8')
  expect(environment.replace(process.version, 'NODE')).toMatchInlineSnapshot(`
    "netwright = 0.1.0
    node = NODE
    machine = local 6.1.0-32-amd64, vm 6.12.1
    distribution = Debian GNU/Linux 12 (bookworm)
    architecture = x86_64
    privilege = root
    "
  `)
})

test('two machines of one kind and kernel are told apart by name; one that could not run is an error of the run', async () => {
  const on = (name: string) => sampleScenario({ machine: { ...sampleMachine, name } })
  const path = join(folder, 'matrix')
  const writer = openAllureWriter(path)
  writer.attach('Support table', '<p>a table</p>')
  const because = 'no engine answers'
  await writer.finish({
    ...sampleRun([on('container'), on('container:mine')]),
    notRun: [{ machine: 'vm:7.2', because }],
  })
  const files = await readdir(path)
  const read = async (ending: string) =>
    Promise.all(
      files
        .filter((name) => name.endsWith(ending))
        .map(async (name) => JSON.parse(await readFile(join(path, name), 'utf8')) as Record<string, unknown>),
    )
  const found = await read('-result.json')
  expect(new Set(found.map(({ historyId }) => historyId)).size).toBe(2)
  expect(await read('-globals.json')).toMatchObject([
    {
      attachments: [{ name: 'Support table', type: 'text/html' }, { name: 'Claims' }, { name: 'Summary' }],
      errors: [{ message: 'vm:7.2 cannot run: no engine answers' }],
    },
  ])
})
