import { judgeClaims } from '../../model/claims.ts'
import type { Claim, JournalEntry, MachineFacts, RunResult, ScenarioResult, StepResult } from '../../model/results.ts'
import { blocked, reached } from '../../model/verdict.ts'
import { isolated, sampleCell, sampleMatrix, toolMissing } from './sample-cells.ts'
import { sampleGraph } from './sample-graph.ts'

export const sampleMachine: MachineFacts = {
  kind: 'local',
  kernel: '6.1.0-32-amd64',
  distro: 'Debian GNU/Linux 12 (bookworm)',
  arch: 'x86_64',
  privilege: 'root',
}

/** Fixture: a command that succeeded. */
export function sampleEntry(host: string, command: string, rest: Partial<JournalEntry> = {}): JournalEntry {
  return { host, command, by: 'script', code: 0, signal: null, stdout: '', stderr: '', startMs: 120, ms: 3, ...rest }
}

const build: StepResult = {
  kind: 'build',
  title: 'macvlan bridge',
  ms: 84,
  journal: [
    sampleEntry('wire:lan', 'ip link add lan type bridge', { by: 'underlay', startMs: 10 }),
    sampleEntry('node1', 'ip netns add ns1'),
    sampleEntry('node1', 'ip link add link ens160 mac1 type macvlan mode bridge'),
    sampleEntry('node1', 'ip link set mac1 netns ns1'),
    sampleEntry('node1', 'ip netns exec ns1 ip addr add 192.168.179.12/16 dev mac1'),
    sampleEntry('node1', 'ip -d link show mac1', {
      by: 'check',
      code: 1,
      stderr: 'Device "mac1" does not exist.\n',
      startMs: 190,
    }),
  ],
}
const remedy: StepResult = {
  kind: 'remedy',
  title: 'until mac0 takes over the address of ens160',
  ms: 21,
  journal: [
    sampleEntry('node1', 'ip link add link ens160 mac0 type macvlan mode bridge', { by: 'remedy', startMs: 400 }),
    sampleEntry('node1', 'ip addr del 192.168.179.9/16 dev ens160', { by: 'remedy', startMs: 404 }),
  ],
}
const undo: StepResult = {
  kind: 'undo',
  title: 'undo: mac0 takes over the address of ens160',
  ms: 12,
  journal: [sampleEntry('node1', 'ip link del mac0', { by: 'undo', startMs: 700 })],
}
const expectStep = (title: string, cells: ReturnType<typeof sampleMatrix>, graph = 0): StepResult => ({
  kind: 'expect',
  title,
  ms: 96,
  cells,
  graph,
  journal: [sampleEntry('node1', 'ip netns exec ns1 ping -c1 192.168.179.9', { by: 'probe', code: 1, startMs: 300 })],
})

/** Fixture: a scenario that was met, unless `rest` says otherwise. */
export function sampleScenario(rest: Partial<ScenarioResult> = {}): ScenarioResult {
  const steps = rest.steps ?? [build, expectStep('before', sampleMatrix())]
  return {
    suite: 'macvlan-in-action/children',
    scenario: 'two namespaces and another node answer',
    topology: 'macvlan bridge',
    status: 'met',
    machine: sampleMachine,
    unmeasured: [],
    graphs: [{ label: 'macvlan bridge', graph: sampleGraph() }],
    journal: steps.flatMap((step) => step.journal),
    failures: [],
    files: [],
    ms: 412,
    ...rest,
    steps,
  }
}

const graphs = [
  { label: 'before', graph: sampleGraph() },
  { label: 'after “mac0 takes over the address of ens160”', graph: sampleGraph({ remedied: true }) },
]

/** Fixture: the `until` of the host's own address; `wrong` makes ns1 reach the parent too early. */
export function sampleUntil({ wrong = false } = {}): ScenarioResult {
  const before = sampleMatrix(wrong ? { 'ns1 node1': { verdict: 'reached' } } : {})
  return sampleScenario({
    suite: 'macvlan-in-action/host-access',
    scenario: 'ns → host fails until a mac0 sub-interface is added',
    claim: 'macvlan-in-action A7',
    steps: [
      build,
      expectStep('before', before),
      remedy,
      expectStep('after', [sampleCell('ns1', 'node1', reached)], 1),
      undo,
      expectStep('and back', [sampleCell('ns1', 'node1', isolated)]),
    ],
    graphs,
    ...(wrong
      ? {
          status: 'not met',
          failures: [{ code: 'NETWRIGHT_EXPECTATION_NOT_MET', message: 'before' }],
        }
      : {}),
    ms: 1204,
  })
}

const silentVepa = blocked('vepa-not-reflected')

/** Fixture: one scenario of every outcome a report has to show. */
export function sampleScenarios(): ScenarioResult[] {
  const vepa = (when: string, observed: ReturnType<typeof sampleCell>) =>
    sampleScenario({
      suite: 'virtual-nics/modes',
      scenario: `vepa children talk through the switch (${when})`,
      claim: 'virtual-nics B4',
      when,
      steps: [build, expectStep('children', [observed])],
    })
  return [
    sampleScenario({ claim: 'macvlan-in-action A3' }),
    sampleUntil(),
    vepa('hairpin on', sampleCell('ns1', 'ns2', reached)),
    vepa('hairpin off', sampleCell('ns1', 'ns2', silentVepa, undefined, { documentSays: reached })),
    sampleScenario({
      suite: 'macvlan-in-action/support',
      scenario: 'lsmod lists macvlan',
      claim: 'macvlan-in-action A1',
      steps: [
        build,
        {
          kind: 'finding',
          title: 'lsmod lists macvlan',
          ms: 4,
          holds: true,
          expected: false,
          measured: false,
          found: 'macvlan is built into this kernel and lsmod never lists it',
          met: true,
          journal: [sampleEntry('node1', 'lsmod', { by: 'check', stdout: 'Module Size Used by\n' })],
        },
      ],
    }),
    sampleScenario({
      suite: 'macvlan-in-action/promisc',
      scenario: 'promiscuous mode is not needed',
      claim: 'macvlan-in-action A9',
      status: 'not met',
      steps: [build, expectStep('without promisc', [sampleCell('ns1', 'ns2', reached, toolMissing)])],
      failures: [{ code: 'NETWRIGHT_EXPECTATION_NOT_MET', message: 'without promisc' }],
    }),
    ...['ns1 → ns2 with the default route', 'net1 and net2 on the host'].map((scenario) =>
      sampleScenario({
        suite: 'virtual-nics/ipvlan',
        scenario,
        claim: 'virtual-nics B5',
        status: 'skipped',
        skipReason: 'kernel has no ipvlan: CONFIG_IPVLAN is not set',
        steps: [],
        graphs: [],
        ms: 0,
      }),
    ),
    sampleScenario({
      suite: 'beyond/ipv6',
      scenario: 'children answer over IPv6 and TCP',
      steps: [
        build,
        expectStep('all', [
          ...sampleMatrix(),
          sampleCell('ns1', 'ns2', reached, undefined, { family: 6, address: 'fd00::13' }),
          sampleCell('ns1', 'ns2', reached, undefined, { protocol: { kind: 'tcp', port: 8080 } }),
        ]),
      ],
    }),
  ]
}

const titles: Readonly<Record<string, string>> = {
  'macvlan-in-action': 'Macvlan 网络方案实践',
  'virtual-nics': '虚拟网卡解析',
}

const claim = (id: string, says: string): Claim => {
  const document = id.split(' ')[0] ?? ''
  return { id, document, documentTitle: titles[document] ?? document, says }
}

export const sampleClaims: readonly Claim[] = [
  claim('macvlan-in-action A1', 'lsmod lists macvlan after modprobe; an empty answer means the kernel has none.'),
  claim('macvlan-in-action A3', 'ns1 and ns2 answer each other.'),
  claim(
    'macvlan-in-action A7',
    'ns1 cannot reach node1 until a macvlan sub-interface on node1 takes over its address.',
  ),
  claim('macvlan-in-action A8', 'When ens160 goes down, all sub-interfaces stop working.'),
  claim('macvlan-in-action A9', 'ens160 has to be in promiscuous mode.'),
  claim('virtual-nics B4', 'vepa children talk through the external switch.'),
  claim('virtual-nics B5', 'ipvlan l3 children share the MAC of their parent and reach each other.'),
]

/** Fixture: a whole run. */
export function sampleRun(scenarios: readonly ScenarioResult[] = sampleScenarios()): RunResult {
  return {
    schemaVersion: 1,
    netwright: '0.1.0',
    startedAt: '2026-01-15T09:30:00.000Z',
    ms: 4210,
    scenarios,
    claims: judgeClaims(sampleClaims, scenarios),
  }
}
