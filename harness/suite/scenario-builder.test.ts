import { describe, expect, expectTypeOf, test } from 'vitest'
import { NetwrightError } from '../model/errors.ts'
import { icmp, tcp, type Protocol } from '../model/probe.ts'
import { underlay } from '../model/underlay.ts'
import { blocked, reached, type Reason } from '../model/verdict.ts'
import { topology } from '../lab/topology.ts'
import { document } from './document.ts'
import { checkPlan } from './check-plan.ts'
import { planScenario } from './scenario-builder.ts'

const pair = topology('two nodes', {
  underlay: underlay()
    .wire('lan', '10.0.0.0/24')
    .host('node1', { eth0: 'lan 10.0.0.1/24' })
    .host('node2', { eth0: 'lan 10.0.0.2/24' }),
  namespaces: { node1: ['ns1', 'ns2'], node2: ['ns1'] },
})
const nothing = () => Promise.resolve()

function problems(declare: (builder: ReturnType<typeof plan>['builder']) => unknown): string[] {
  const { plan: made, builder } = plan()
  declare(builder)
  return checkPlan(made).map((p) => p.message)
}
const plan = () => planScenario(pair, 'a scenario', {})

describe('names', () => {
  test('are places of the topology, by short name where that is unique', () => {
    const { plan: made, builder } = plan()
    builder.expect({ ns2: { node2: reached, 'node2/ns1': reached, '10.0.0.9': reached } })
    expect(made.steps[0]).toMatchObject({
      cells: [
        { from: 'node1/ns2', to: 'node2', destination: { kind: 'place', id: 'node2' } },
        { from: 'node1/ns2', to: 'node2/ns1', destination: { kind: 'place', id: 'node2/ns1' } },
        { from: 'node1/ns2', to: '10.0.0.9', destination: { kind: 'address', address: '10.0.0.9' }, family: 4 },
      ],
    })
  })

  test('misspelt ones do not compile, and list what exists', () => {
    // @ts-expect-error there is no nsx
    const found = problems((s) => s.expect({ nsx: { node2: reached } }))
    expect(found).toMatchInlineSnapshot(`
      [
        "there is no host or namespace "nsx" [NETWRIGHT_UNKNOWN_NAMESPACE]
        where: scenario "a scenario"
        next: Did you mean "ns1"? There are: node1, node2, ns1, ns2, node1/ns1, node1/ns2, node2/ns1.",
      ]
    `)
    // @ts-expect-error as a destination
    expect(problems((s) => s.expect({ ns2: { nod2: reached } }))[0]).toContain('Did you mean "node2"?')
  })

  test('one that two hosts have must be written with its host', () => {
    expect(problems((s) => s.expect({ ns1: { node2: reached } }))[0]).toContain('Write one of: node1/ns1, node2/ns1.')
  })

  test('reasons are those of the catalogue', () => {
    expectTypeOf(blocked).parameter(0).toEqualTypeOf<Reason>()
    // @ts-expect-error no such reason
    blocked('bad-weather')
  })
})

describe('a plan is refused before anything is built', () => {
  test('when it measures nothing', () => {
    expect(problems(() => undefined)[0]).toContain('NETWRIGHT_EMPTY_SCENARIO')
    expect(problems((s) => s.given('a step', nothing))[0]).toContain('NETWRIGHT_EMPTY_SCENARIO')
    expect(problems((s) => s.expect({}))[0]).toContain('An expectation has no cell')
  })

  test('when a remedy has nothing to flip', () => {
    const found = problems((s) =>
      s
        .expect({ ns2: { node2: reached } })
        .until('a remedy', nothing)
        .expect({ ns2: { node1: reached } }),
    )
    expect(found[0]).toContain('until "a remedy" has nothing to flip')
    expect(problems((s) => s.until('a remedy', nothing).expect({ ns2: { node1: reached } }))).toHaveLength(1)
  })

  test('when a remedy has only other probes of the same two places to flip', () => {
    const between = (a: Protocol, b: Protocol) =>
      problems((s) =>
        s
          .expect({ ns2: { node2: blocked('no-listener') } }, { over: a })
          .until('a remedy', nothing)
          .expect({ ns2: { node2: reached } }, { over: b }),
      )
    const big = icmp({ size: 1400, dontFragment: true })
    expect(between(big, icmp({ size: 1400 }))).toHaveLength(1)
    expect(between(tcp(80, { service: 'own' }), tcp(80))).toHaveLength(1)
    expect(between(big, { ...big })).toEqual([])
    expect(between(tcp(80, { service: 'echo' }), tcp(80))).toEqual([])
  })

  test('when something beside the remedy could flip the cells', () => {
    const before = (s: ReturnType<typeof plan>['builder']) => s.expect({ ns2: { node2: blocked('no-route') } })
    const after = (s: ReturnType<typeof plan>['builder']) => s.expect({ ns2: { node2: reached } })
    expect(problems((s) => after(before(s).until('useless', nothing).given('the cure', nothing))))
      .toMatchInlineSnapshot(`
        [
          "given "the cure" may be what flips the cells of until "useless" [NETWRIGHT_BAD_SCENARIO]
          where: scenario "a scenario"
          next: Measure between the two, or do both in one step: the scenario cannot tell which of them was needed.",
        ]
      `)
    expect(problems((s) => after(before(s).until('useless', nothing).until('the cure', nothing)))).toHaveLength(1)
    expect(problems((s) => after(before(s).given('the cure', nothing).until('useless', nothing)))[0]).toContain(
      'given "the cure" may be what flips the cells of until "useless"',
    )
    const backed = (s: ReturnType<typeof plan>['builder']) =>
      after(before(s).until('r', nothing, nothing))
        .given('the poison', nothing)
        .andBack()
    expect(problems(backed)[0]).toContain('given "the poison" may be what flips the cells of andBack')
    // What only looks may stand anywhere, and what is done before or after all of it is not in the way.
    const look = () => Promise.resolve({ holds: true, found: '' })
    expect(
      problems((s) =>
        after(before(s.given('a', nothing)).finding('b', look).until('r', nothing, nothing).finding('c', look))
          .finding('d', look)
          .andBack()
          .given('e', nothing)
          .expect({ ns2: { node2: reached } }),
      ),
    ).toEqual([])
  })

  test('when a remedy after going back shares no cell with what was measured there', () => {
    const found = problems((s) =>
      s
        .expect({ ns2: { node2: blocked('no-route') } })
        .until('r', nothing, nothing)
        .expect({ ns2: { node2: reached, node1: reached } })
        .andBack()
        .until('another', nothing)
        .expect({ ns2: { node1: reached } }),
    )
    expect(found[0]).toContain('until "another" has nothing to flip')
  })

  test('when it goes back without an undo, or twice', () => {
    const flipping = (s: ReturnType<typeof plan>['builder'], undo?: typeof nothing) =>
      s
        .expect({ ns2: { node2: blocked('no-route') } })
        .until('r', nothing, undo)
        .expect({ ns2: { node2: reached } })
        .andBack()
    expect(problems((s) => flipping(s))[0]).toContain('andBack has no remedy with an undo')
    expect(problems((s) => flipping(s, nothing))).toEqual([])
    expect(problems((s) => flipping(s, nothing).andBack())).toHaveLength(1)
  })

  test('when what is measured last before going back is not measured there again', () => {
    const flipped = (s: ReturnType<typeof plan>['builder']) =>
      s
        .expect({ ns2: { node2: blocked('no-route') } })
        .until('r', nothing, nothing)
        .expect({ ns2: { node2: reached } })
    expect(
      problems((s) =>
        flipped(s)
          .expect({ ns2: { node1: reached } })
          .andBack(),
      ),
    ).toMatchInlineSnapshot(`
      [
        "andBack has nothing to flip [NETWRIGHT_BAD_SCENARIO]
        where: scenario "a scenario"
        next: At least one cell that was expected last before the remedy must be in the last expectation before andBack.",
      ]
    `)
    const both = { ns2: { node1: reached, node2: reached } }
    expect(problems((s) => flipped(s).expect(both).andBack())).toEqual([])
  })

  test('when a port or family makes no sense', () => {
    expect(problems((s) => s.expect({ ns2: { node2: reached } }, { over: tcp(70000) }))[0]).toContain(
      '70000 is not a port',
    )
    const broadcast6 = { over: { kind: 'broadcast', port: 5 }, family: 6 } as const
    expect(problems((s) => s.expect({ ns2: { node2: reached } }, broadcast6))[0]).toContain('IPv6 has no broadcast')
  })

  test('when the document is made to say something of a cell that is not measured', () => {
    const found = problems((s) => s.expect({ ns2: { node2: reached } }, { documentSays: { ns2: { node1: reached } } }))
    expect(found[0]).toContain('documentSays has ns2 → node1, which is not expected here')
  })
})

test('a step added after the scenario began is an error', () => {
  const { builder } = planScenario(pair, 'late', {}, () => true)
  expect(() => builder.expect({ ns2: { node2: reached } })).toThrow(NetwrightError)
  expect(() => builder.expect({ ns2: { node2: reached } })).toThrow('NETWRIGHT_LATE_EXPECTATION')
})

test('protocols and families multiply the cells', () => {
  const { plan: made, builder } = plan()
  builder.expect(
    { ns2: { node2: reached, '10.0.0.1': reached } },
    { over: [tcp(80), { kind: 'icmp' }], family: [4, 6] },
  )
  const step = made.steps[0]
  expect(step?.kind === 'expect' && step.cells.map((c) => `${c.to} ${c.family} ${c.protocol.kind}`)).toEqual([
    'node2 4 tcp',
    'node2 4 icmp',
    'node2 6 tcp',
    'node2 6 icmp',
    '10.0.0.1 4 tcp',
    '10.0.0.1 4 icmp',
  ])
})

test('a document knows its rows', () => {
  const doc = document('a-page', 'A page', { A1: 'it works', A2: 'it fails' })
  expect(doc.claim('A2')).toMatchObject({ id: 'a-page A2', says: 'it fails' })
  expect(doc.claim('A2').siblings).toHaveLength(2)
  // @ts-expect-error no such row
  expect(() => doc.claim('A3')).toThrow('has no row A3')
})
