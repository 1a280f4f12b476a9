import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { tcp } from '../model/probe.ts'
import type { ScenarioResult } from '../model/results.ts'
import { underlay } from '../model/underlay.ts'
import { blocked, reached } from '../model/verdict.ts'
import { topology, type Hosts } from '../lab/topology.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { scenarioFailureText } from '../report/scenario-failure.ts'
import { accepted } from './accepted.ts'
import { planScenario, type Scenario } from './scenario-builder.ts'
import { runScenario } from './run-scenario.ts'
import type { RunOptions } from './scenario-record.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

const routed = topology('a namespace behind its host', {
  underlay: underlay()
    .wire('lan', '10.0.0.0/24 fd00:a::/64')
    .host('node1', { eth0: 'lan 10.0.0.1/24 fd00:a::1/64' })
    .host('node2', { eth0: 'lan 10.0.0.2/24 fd00:a::2/64' }),
  namespaces: { node1: ['ns1'] },
  async build({ node1: { $ } }) {
    await $`ip netns add ns1`
    await $`ip link add pod0 type veth peer name eth0 netns ns1`
    await $`ip addr add 10.1.0.1/24 dev pod0`
    await $`ip link set pod0 up`
    await $`ip -n ns1 addr add 10.1.0.2/24 dev eth0`
    await $`ip -n ns1 link set eth0 up`
  },
})
type Declare = (s: Scenario<'node1' | 'node2', 'node1' | 'node2' | 'ns1' | 'node1/ns1'>) => unknown

function run(declare: Declare, on: Machine = machine, more: Partial<RunOptions> = {}): Promise<ScenarioResult> {
  const { plan, builder } = planScenario(routed, 'tried', {})
  declare(builder)
  return runScenario(plan, on, { suite: 'test', ...more })
}

describe('until', () => {
  const defaultRoute = [
    'a default route',
    ({ node1: { $ } }: Pick<Hosts<'node1'>, 'node1'>) => $`ip -n ns1 route add default via 10.1.0.1`,
    ({ node1: { $ } }: Pick<Hosts<'node1'>, 'node1'>) => $`ip -n ns1 route del default`,
  ] as const

  test('proves a remedy by applying it and taking it back', async () => {
    const result = await run((s) =>
      s
        .expect({ ns1: { '10.0.0.1': blocked('no-route') } })
        .until(...defaultRoute)
        .expect({ ns1: { '10.0.0.1': reached } })
        .andBack(),
    )
    expect(scenarioFailureText(result)).toBe('')
    expect(result.status).toBe('met')
    expect(result.steps.map((s) => s.kind)).toEqual(['build', 'expect', 'remedy', 'expect', 'undo', 'expect'])
    expect(result.graphs).toHaveLength(3)
  })

  test('fails when the remedy was not needed', async () => {
    const result = await run((s) =>
      s
        .expect({ node1: { node2: reached } })
        .until('nothing of importance', ({ node1: { $ } }) => $`ip link set lo up`)
        .expect({ node1: { node2: reached } }),
    )
    expect(result.status).toBe('not met')
    expect(result.failures.map((f) => f.code)).toEqual(['NETWRIGHT_REMEDY_NOT_NEEDED'])
  })

  test('fails when the undo does not bring the failure back', async () => {
    const result = await run((s) =>
      s
        .expect({ ns1: { '10.0.0.1': blocked('no-route') } })
        .until(defaultRoute[0], defaultRoute[1], () => Promise.resolve())
        .expect({ ns1: { '10.0.0.1': reached } })
        .andBack(),
    )
    expect(result.failures.map((f) => f.code)).toEqual(['NETWRIGHT_EXPECTATION_NOT_MET', 'NETWRIGHT_REMEDY_NOT_NEEDED'])
  })
})

describe('on a machine without IPv6', () => {
  const reason = 'IPv6 is disabled in the kernel'
  // The kernel here has it: the machine says that it has not, and labs believe it. tests/kernel-without-ipv6.vm.test.ts has a real one.
  const without = (): Machine => ({
    ...machine,
    can: (feature) => (feature === 'ipv6' ? Promise.resolve({ able: false, reason }) : machine.can(feature)),
  })
  const both = { family: [4, 6] } as const

  test('what needs nothing else is skipped with the reason', async () => {
    const six = await run((s) => s.expect({ node1: { node2: reached } }, { family: 6 }), without())
    expect(six).toMatchObject({ status: 'skipped', skipReason: reason })
    expect(six.leftOut).toBeUndefined()
  })

  test('of the others its cells are named, with the reason, and the rest is measured', async () => {
    const over = [{ kind: 'icmp' }, tcp(8080)] as const
    const result = await run((s) => s.expect({ node1: { node2: reached } }, { ...both, over }), without())
    expect(result).toMatchObject({ status: 'met', unmeasured: [] })
    expect(result.leftOut).toEqual({
      cells: ['expect: node1 → node2, IPv6', 'expect: node1 → node2, tcp/8080, IPv6'],
      reason,
    })
    const cells = result.steps.flatMap((s) => (s.kind === 'expect' ? s.cells : []))
    expect(cells.map(({ family, proto }) => `${String(family)} ${proto}`)).toEqual(['4 icmp', '4 tcp/8080'])
  })

  test('where all is measured, nothing is left out', async () => {
    const result = await run((s) => s.expect({ node1: { node2: reached } }, both))
    expect(result.leftOut).toBeUndefined()
  })

  test('a remedy whose flip it cannot see was not for nothing, and one that flips nothing else is', async () => {
    const up = ({ node2: { $ } }: Pick<Hosts<'node2'>, 'node2'>) => $`ip link set eth0 up`
    const declare =
      (family: readonly (4 | 6)[]): Declare =>
      (s) =>
        s
          .expect({ node1: { node2: reached } }, { family: [4, ...family] })
          .until('nothing is changed', up, up)
          .expect({ node1: { node2: reached } }, { family: [4, ...family] })
    const codes = async (family: readonly (4 | 6)[]) =>
      (await run(declare(family), without())).failures.map(({ code }) => code)
    expect(await codes([])).toEqual(['NETWRIGHT_REMEDY_NOT_NEEDED'])
    expect(await codes([6])).toEqual([])
  })
})

test('a command that is refused for another reason meets no finding, and what it said is shown', async () => {
  const result = await run((s) =>
    s.finding(
      'eth0 can have an address twice',
      ({ hosts: { node1 } }) => accepted(node1.$`ip addr add 10.0.0.1/24 dev eth1`, /already assigned|File exists/),
      { expected: false },
    ),
  )
  expect(result).toMatchObject({ status: 'not met', failures: [{ code: 'NETWRIGHT_EXPECTATION_NOT_MEASURED' }] })
  expect(scenarioFailureText(result)).toContain('Cannot find device "eth1"')
})

test('blocked for another reason does not meet the expectation', async () => {
  const result = await run((s) => s.expect({ ns1: { '10.0.0.1': blocked('netfilter-drop') } }))
  expect(result.status).toBe('not met')
  expect(scenarioFailureText(result)).toContain('blocked: no-route')
})

test('blocked elsewhere does not meet an expectation that pins the place', async () => {
  const pinned = (at: string) => run((s) => s.expect({ ns1: { '10.0.0.1': blocked('no-route', { at }) } }))
  expect((await pinned('node1/ns1')).status).toBe('met')
  expect((await pinned('node1')).status).toBe('not met')
})

test('a namespace that is gone satisfies nothing', async () => {
  const gone: Declare = (s) =>
    s
      .given('ns1 is deleted', ({ node1: { $ } }) => $`ip netns del ns1`)
      .expect({ ns1: { node1: blocked('no-route') }, node1: { ns1: blocked('link-down') } })
  const result = await run(gone)
  const cells = result.steps.flatMap((s) => (s.kind === 'expect' ? s.cells : []))
  expect(cells.map((c) => c.observed)).toMatchObject([
    { verdict: 'inconclusive', why: 'namespace-missing' },
    { verdict: 'inconclusive', why: 'namespace-missing' },
  ])
})

test('a script that fails is reported with its command, host and stderr, and what comes after as unmeasured', async () => {
  const result = await run((s) =>
    s.given('a bad command', ({ node2: { $ } }) => $`ip link add x type nosuch`).expect({ node1: { node2: reached } }),
  )
  expect(result).toMatchObject({ status: 'not met', unmeasured: ['expect: node1 → node2, IPv4'] })
  expect(result.failures[0]).toMatchObject({ code: 'NETWRIGHT_SCRIPT_FAILED' })
  expect(scenarioFailureText(result)).toContain('host node2')
  expect(scenarioFailureText(result)).toContain('Unknown device type')
  expect(result.graphs.at(-1)?.label).toBe('when it failed')
})

test('a script that hangs is ended', async () => {
  const result = await run(
    (s) => s.given('a long sleep', ({ node1: { $ } }) => $`sleep 1000`).expect({ node1: { node2: reached } }),
    machine,
    {
      actionMs: 300,
    },
  )
  expect(result.failures[0]?.code).toBe('NETWRIGHT_BUILD_TIMEOUT')
  expect(result.ms).toBeLessThan(5000)
})

test('a finding that cannot be made is inconclusive, not false', async () => {
  const result = await run((s) =>
    s.finding(
      'node1 has a quux',
      async ({ hosts: { node1 } }) => ({ holds: false, found: (await node1.$`quux --list`).stdout }),
      { expected: false },
    ),
  )
  expect(result.status).toBe('not met')
  expect(result.steps.at(-1)).toMatchObject({ kind: 'finding', measured: 'inconclusive', met: false })
})

test('a run that is aborted ends its lab at once', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  const result = await run(
    (s) => s.given('a long sleep', ({ node1: { $ } }) => $`sleep 1000`).expect({ node1: { node2: reached } }),
    machine,
    {
      signal: stop.signal,
    },
  )
  expect(result.status).toBe('not met')
  expect(result.ms).toBeLessThan(5000)
})

test.each<[string, Declare, string]>([
  ['was not met', (s) => s.expect({ ns1: { '10.0.0.1': reached } }), 'NETWRIGHT_EXPECTATION_NOT_MET'],
  [
    'broke',
    (s) => s.given('a bad command', ({ node1: { $ } }) => $`false`).expect({ node1: { node2: reached } }),
    'NETWRIGHT_SCRIPT_FAILED',
  ],
])('a lab that cannot be shown leaves the result of a scenario that %s as it is', async (_, declare, code) => {
  const told = vi.spyOn(console, 'error').mockReturnValue()
  const onFailedLab = vi.fn(() => Promise.reject(new Error('no way in')))
  const result = await run(declare, machine, { onFailedLab })
  expect(result.failures.map((f) => f.code)).toEqual([code])
  expect(onFailedLab).toHaveBeenCalledOnce()
  expect(told.mock.calls).toEqual([['netwright: the lab of “tried” cannot be kept: no way in']])
  told.mockRestore()
})
