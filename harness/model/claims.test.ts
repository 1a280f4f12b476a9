import { describe, expect, test } from 'vitest'
import { sampleCell, sampleMatrix, toolMissing } from '../report/testing/sample-cells.ts'
import { sampleRun, sampleScenario, sampleUntil } from '../report/testing/sample-run.ts'
import { judgeClaims } from './claims.ts'
import type { CellResult, ScenarioResult } from './results.ts'
import { blocked, reached } from './verdict.ts'

const claim = { id: 'a 1', document: 'a', documentTitle: 'A', says: 'ns1 reaches ns2.' }

const judge = (...scenarios: readonly Partial<ScenarioResult>[]) => {
  const [result] = judgeClaims(
    [claim],
    scenarios.map((scenario) => sampleScenario({ claim: 'a 1', ...scenario })),
  )
  return `${result?.status ?? ''}: ${result?.because ?? ''}`
}
const cells = (...measured: readonly CellResult[]): Partial<ScenarioResult> => ({
  steps: [{ kind: 'expect', title: 'all', ms: 1, cells: measured, graph: 0, journal: [] }],
})
const yes = sampleCell('ns1', 'ns2', reached)
const no = sampleCell('ns1', 'ns2', blocked('private-mode'), undefined, { documentSays: reached })
const unsure = sampleCell('ns1', 'ns2', reached, toolMissing)

test('the claims of a whole run', () => {
  const lines = sampleRun().claims.map(({ id, status, because }) => `${id}: ${status}\n  ${because}`)
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "macvlan-in-action A1: refuted
      “lsmod lists macvlan” does not hold: macvlan is built into this kernel and lsmod never lists it, where the document says it holds
    macvlan-in-action A3: confirmed
      ns1 → ns2 is reached, and all 6 measurements are as the document says
    macvlan-in-action A7: confirmed
      ns1 → node1 is blocked: macvlan-parent-isolation until “mac0 takes over the address of ens160”, then reached, and all 8 measurements are as the document says
    macvlan-in-action A8: not tested
      no scenario of this run is linked to it
    macvlan-in-action A9: inconclusive
      ns1 → ns2 is inconclusive: tool-missing, ping: command not found
    virtual-nics B4: depends
      depends on hairpin: with hairpin on, ns1 → ns2 is reached; with hairpin off, ns1 → ns2 is blocked: vepa-not-reflected where the document says reached
    virtual-nics B5: not supported
      kernel has no ipvlan: CONFIG_IPVLAN is not set"
  `)
})

describe('one claim', () => {
  test('a counterexample counts although the suite expects it', () => {
    expect(judge(cells(no))).toMatchInlineSnapshot(
      `"refuted: ns1 → ns2 is blocked: private-mode where the document says reached"`,
    )
  })

  test('what the document says counts even where the suite is not met', () => {
    const surprise = sampleCell(
      'ns1',
      'ns2',
      blocked('private-mode'),
      { verdict: 'reached' },
      { documentSays: reached },
    )
    expect(judge({ ...cells(surprise), status: 'not met' })).toMatchInlineSnapshot(
      `"confirmed: ns1 → ns2 is reached, as the document says"`,
    )
  })

  test('one counterexample refutes whatever else could not be measured', () => {
    expect(judge(cells(unsure, no))).toMatch(/^refuted/)
  })

  test('an inconclusive cell confirms nothing', () => {
    expect(judge(cells(yes, unsure))).toMatchInlineSnapshot(
      `"inconclusive: ns1 → ns2 is inconclusive: tool-missing, ping: command not found"`,
    )
  })

  test('a scenario without a measurement says nothing', () => {
    expect(judge({ steps: [] })).toMatchInlineSnapshot(
      `"inconclusive: “two namespaces and another node answer” measured nothing"`,
    )
  })

  test('an expectation that was never measured leaves the claim open', () => {
    expect(judge({ ...cells(yes), status: 'not met', unmeasured: ['ns1 → node2'] })).toMatchInlineSnapshot(
      `"inconclusive: ns1 → node2 was never measured"`,
    )
  })

  test('a lab that could not be built leaves the claim open', () => {
    const message = 'ip link add exits with 2 [NETWRIGHT_SCRIPT_FAILED]\n  stderr: RTNETLINK answers: File exists'
    const failures = [{ code: 'NETWRIGHT_SCRIPT_FAILED', message }]
    expect(judge({ status: 'not met', steps: [], failures })).toMatchInlineSnapshot(
      `"inconclusive: ip link add exits with 2"`,
    )
  })

  test('a remedy that was not needed refutes an until', () => {
    const message = '“a route is added” was not needed: no cell changed [NETWRIGHT_REMEDY_NOT_NEEDED]'
    const failures = [{ code: 'NETWRIGHT_REMEDY_NOT_NEEDED', message }]
    expect(judge({ ...cells(yes), status: 'not met', failures })).toMatchInlineSnapshot(
      `"refuted: “a route is added” was not needed: no cell changed"`,
    )
  })

  test('blocked for another reason, or at another place, is no agreement', () => {
    const other = sampleCell('ns1', 'ns2', blocked('private-mode'), {
      verdict: 'blocked',
      reason: 'no-route',
      at: 'x y',
    })
    const place = sampleCell('ns1', 'ns2', blocked('link-down', { at: 'node1 ens160' }), {
      verdict: 'blocked',
      reason: 'link-down',
      at: 'node2 ens160',
    })
    expect([judge(cells(other)), judge(cells(place))]).toMatchInlineSnapshot(`
      [
        "refuted: ns1 → ns2 is blocked: no-route where the document says blocked: private-mode",
        "refuted: ns1 → ns2 is blocked: link-down at node2 ens160, not at node1 ens160, where the document says blocked: link-down",
      ]
    `)
  })

  test('what varies is named: a condition, a kernel, or the scenarios themselves', () => {
    const kernel = (release: string) => ({ machine: { ...sampleScenario().machine, kernel: release } })
    expect([
      judge({ ...cells(yes), when: 'hairpin on' }, { ...cells(no), when: 'hairpin off' }),
      judge({ ...cells(yes), ...kernel('5.10') }, { ...cells(no), ...kernel('6.12') }),
      judge({ ...cells(yes), scenario: 'fresh device' }, { ...cells(no), scenario: 'moved device' }),
      judge({ ...cells(unsure), when: 'hairpin on' }, { ...cells(no), when: 'hairpin off' }),
    ]).toMatchInlineSnapshot(`
      [
        "depends: depends on hairpin: with hairpin on, ns1 → ns2 is reached; with hairpin off, ns1 → ns2 is blocked: private-mode where the document says reached",
        "depends: depends on kernel: with kernel 5.10, ns1 → ns2 is reached; with kernel 6.12, ns1 → ns2 is blocked: private-mode where the document says reached",
        "depends: depends: in “fresh device”, ns1 → ns2 is reached; in “moved device”, ns1 → ns2 is blocked: private-mode where the document says reached",
        "inconclusive: with hairpin on, ns1 → ns2 is inconclusive: tool-missing, ping: command not found; with hairpin off, ns1 → ns2 is blocked: private-mode where the document says reached",
      ]
    `)
  })

  test('a skipped scenario beside a measured one is mentioned', () => {
    const skipped = { status: 'skipped', skipReason: 'IPv6 is disabled in the kernel', steps: [] } as const
    expect(judge(cells(yes), skipped)).toMatchInlineSnapshot(
      `"confirmed: ns1 → ns2 is reached, as the document says (1 of 2 skipped: IPv6 is disabled in the kernel)"`,
    )
  })

  test('cells that the machine could not carry are mentioned', () => {
    const leftOut = { cells: ['all: ns1 → ns2, IPv6'], reason: 'IPv6 is disabled in the kernel' }
    expect(judge({ ...cells(yes), leftOut })).toBe(
      'confirmed: ns1 → ns2 is reached, as the document says (1 cell not measured: IPv6 is disabled in the kernel)',
    )
  })

  test('findings testify by what the kernel said', () => {
    const finding = (measured: boolean | 'inconclusive') =>
      judge({
        steps: [
          {
            kind: 'finding',
            title: 'a fresh device is down',
            ms: 1,
            holds: true,
            expected: true,
            measured,
            met: measured === true,
            found: 'state DOWN',
            journal: [],
          },
        ],
      })
    expect([finding(true), finding(false), finding('inconclusive')]).toMatchInlineSnapshot(`
      [
        "confirmed: “a fresh device is down” holds: state DOWN, as the document says",
        "refuted: “a fresh device is down” does not hold: state DOWN, where the document says it holds",
        "inconclusive: “a fresh device is down” could not be checked: state DOWN",
      ]
    `)
  })

  test('an until that flips too early is refuted by its first cell', () => {
    const [result] = judgeClaims([{ ...claim, id: 'macvlan-in-action A7' }], [sampleUntil({ wrong: true })])
    expect(result?.because).toMatchInlineSnapshot(
      `"ns1 → node1 is reached where the document says blocked: macvlan-parent-isolation"`,
    )
  })

  test('all cells of a large matrix are counted', () => {
    expect(judge(cells(...sampleMatrix()), cells(...sampleMatrix()))).toMatchInlineSnapshot(
      `"confirmed: ns1 → ns2 is reached, and all 12 measurements in 2 scenarios are as the document says"`,
    )
  })
})
