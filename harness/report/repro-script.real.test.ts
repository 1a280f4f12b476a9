import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JournalEntry, StepResult } from '../model/results.ts'
import { reached } from '../model/verdict.ts'
import { reproScript } from './repro-script.ts'
import { isolated, sampleCell, sampleMatrix } from './testing/sample-cells.ts'
import { sampleEntry, sampleScenario } from './testing/sample-run.ts'

// A journal as a lab leaves it, typed by hand, so that the script is tested without the lab that made it.
const underlay = (host: string, command: string) => sampleEntry(host, command, { by: 'underlay', startMs: 1 })
const nic = (node: string, mac: string, index: number) =>
  `ip link add name ens160 index 2 address ${mac} netns "$NS_${node}" type veth peer name ${node}-ens160 index ${index} netns "$NS_wire_lan"`
const wires = [
  underlay('sandbox', nic('node1', '02:00:00:00:01:01', 1001)),
  underlay('sandbox', nic('node2', '02:00:00:00:02:01', 1002)),
  underlay('wire:lan', 'ip link add name lan type bridge stp_state 0 forward_delay 0 mcast_snooping 0'),
  underlay('wire:lan', 'ip link set dev lan up'),
  ...['node1', 'node2'].flatMap((node, index) => [
    underlay('wire:lan', `ip link set dev ${node}-ens160 master lan`),
    underlay('wire:lan', `ip link set dev ${node}-ens160 up`),
    underlay(node, 'ip link set dev lo up'),
    underlay(node, `ip addr add 192.168.179.${9 + index}/16 dev ens160`),
    underlay(node, 'ip link set dev ens160 up'),
  ]),
]
const typed = [
  ...['ns1', 'ns2'].flatMap((ns, index) => [
    `ip netns add ${ns}`,
    `ip link add link ens160 mac${index + 1} type macvlan mode bridge`,
    `ip link set mac${index + 1} netns ${ns}`,
    `ip netns exec ${ns} ip addr add 192.168.179.${12 + index}/16 dev mac${index + 1}`,
    `ip netns exec ${ns} ip link set mac${index + 1} up`,
  ]),
  `echo "it's" 'quoted' > /run/note`,
].map((command, index) => sampleEntry('node1', command, { startMs: 10 + index }))
const refused = sampleEntry('node1', 'ip link set mac9 up', { by: 'check', code: 1, startMs: 30 })
const moved = [
  'ip link add link ens160 mac0 type macvlan mode bridge',
  'ip addr del 192.168.179.9/16 dev ens160',
  'ip addr add 192.168.179.9/16 dev mac0',
  'ip link set mac0 up',
].map((command, index) => sampleEntry('node1', command, { by: 'remedy', startMs: 40 + index }))

const expectation = (title: string, cells: ReturnType<typeof sampleMatrix>): StepResult => ({
  ...{ kind: 'expect', title, ms: 1, cells, graph: 0, journal: [] },
})
const build = (journal: readonly JournalEntry[]): StepResult => ({ kind: 'build', title: 'macvlan', ms: 1, journal })
const scenario = (cells = sampleMatrix()) =>
  sampleScenario({
    steps: [
      build([...wires, ...typed, refused]),
      expectation('before', cells),
      { kind: 'remedy', title: 'until mac0 takes over the address', ms: 1, journal: moved },
      expectation('after', [sampleCell('ns1', 'node1', reached)]),
    ],
    journal: [...wires, ...typed, refused, ...moved],
  })

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-repro-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = async (script: string, ...user: readonly string[]) => {
  const file = join(folder, 'repro.sh')
  await writeFile(file, script, { mode: 0o644 })
  const [program = 'bash', ...args]: readonly string[] = [...user, 'bash', file]
  const links = () => readFile('/proc/net/dev', 'utf8').then((text) => text.match(/^ *[^:\s]+:/gm)?.join())
  const before = await links()
  const result = await promisify(execFile)(program, args).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  )
  // The machine's own devices are untouched.
  expect(await links()).toBe(before)
  return result
}

test('the script rebuilds the lab and finds what was recorded', async () => {
  const { code, stdout, stderr } = await run(reproScript(scenario()))
  expect(stderr).toMatch(/mac9/)
  expect(stdout.slice(stdout.indexOf('node1# echo'))).toMatchInlineSnapshot(`
    "node1# echo "it's" 'quoted' > /run/note
    node1# ip link set mac9 up
    (exit 1, recorded 1)

    == expect: before
      ns1 → ns2 192.168.179.13: reply, as recorded (reached)
      ns1 → node1 192.168.179.9: no reply, as recorded (blocked: macvlan-parent-isolation)
      ns1 → node2 192.168.179.10: reply, as recorded (reached)
      ns2 → ns1 192.168.179.12: reply, as recorded (reached)
      ns2 → node1 192.168.179.9: no reply, as recorded (blocked: macvlan-parent-isolation)
      ns2 → node2 192.168.179.10: reply, as recorded (reached)

    == until mac0 takes over the address
    node1# ip link add link ens160 mac0 type macvlan mode bridge
    node1# ip addr del 192.168.179.9/16 dev ens160
    node1# ip addr add 192.168.179.9/16 dev mac0
    node1# ip link set mac0 up

    == expect: after
      ns1 → node1 192.168.179.9: reply, as recorded (reached)

    7 cells checked, 0 differ from the record
    "
  `)
  expect(code).toBe(0)
})

test('it says where the kernel now answers otherwise', async () => {
  const { code, stdout } = await run(reproScript(scenario([sampleCell('ns1', 'ns2', isolated)])))
  expect(stdout).toContain('ns1 → ns2 192.168.179.13: reply, BUT RECORDED AS blocked: macvlan-parent-isolation')
  expect(code).toBe(1)
})

test('it stops at a command that fails now', async () => {
  const broken = sampleScenario({
    steps: [build([])],
    journal: [sampleEntry('node1', 'ip link set nothing up')],
    graphs: [],
  })
  const { code, stdout } = await run(reproScript(broken))
  expect(code).not.toBe(0)
  expect(stdout).not.toContain('cells checked')
})

test('an ordinary user can run it', async () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  await chmod(folder, 0o755)
  const one = reproScript(scenario([sampleCell('ns1', 'ns2', reached)]))
  const { code, stdout } = await run(one, ...(process.getuid?.() === 0 ? nobody : []))
  expect(stdout).toContain('2 cells checked, 0 differ from the record')
  expect(code).toBe(0)
})
