import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { resultsJson, resultsJsonSchema, resultsOf, resultsSchema } from './json.ts'
import { sampleRun, sampleScenario } from './testing/sample-run.ts'

const problemOf = (tamper: (results: ReturnType<typeof resultsOf>) => unknown) => {
  const copy = structuredClone(resultsOf(sampleRun()))
  tamper(copy)
  const parsed = resultsSchema.safeParse(copy)
  return parsed.success ? 'accepted' : z.prettifyError(parsed.error)
}

test('a run survives the way through text', () => {
  const results = resultsOf(sampleRun())
  expect(resultsSchema.parse(JSON.parse(resultsJson(sampleRun())))).toEqual(results)
  expect(results.rows).toHaveLength(25)
})

test('a row has exactly the published fields', () => {
  const [row] = resultsOf(sampleRun()).rows
  expect(Object.keys(row ?? {})).toEqual(
    'suite scenario claim step from to address family proto expected observed evidence ms machine'.split(' '),
  )
  expect({ ...row, evidence: {} }).toMatchInlineSnapshot(`
    {
      "address": "192.168.179.13",
      "claim": "macvlan-in-action A3",
      "evidence": {},
      "expected": {
        "at": null,
        "reason": null,
        "verdict": "reached",
      },
      "family": 4,
      "from": "ns1",
      "machine": {
        "arch": "x86_64",
        "distro": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-32-amd64",
        "kind": "local",
      },
      "ms": 38,
      "observed": {
        "at": null,
        "detail": null,
        "reason": null,
        "verdict": "reached",
        "why": null,
      },
      "proto": "icmp",
      "scenario": "two namespaces and another node answer",
      "step": "before",
      "suite": "macvlan-in-action/children",
      "to": "ns2",
    }
  `)
})

test('what was not measured, and why it ran elsewhere, are fields that an earlier reader may lack', () => {
  const leftOut = { cells: ['before: ns1 → ns2, IPv6'], reason: 'IPv6 is disabled in the kernel' }
  const movedBecause = 'kernel has no ipvlan'
  const results = resultsOf({
    ...sampleRun(),
    scenarios: [sampleScenario({ leftOut, movedBecause }), sampleScenario()],
  })
  expect(results.scenarios[0]).toMatchObject({ leftOut, movedBecause })
  expect(results.scenarios[1]).toMatchObject({ leftOut: null, movedBecause: null })
  // As 0.1.0 wrote them at first.
  const old = structuredClone(results)
  for (const scenario of old.scenarios) {
    delete scenario.leftOut
    delete scenario.movedBecause
  }
  expect(resultsSchema.safeParse(old).success).toBe(true)
})

describe('tampering is noticed', () => {
  test('a reason that no catalogue holds', () => {
    expect(problemOf(({ rows }) => Object.assign(rows[1]?.observed ?? {}, { reason: 'bad-weather' })))
      .toMatchInlineSnapshot(`
        "✖ Invalid option: expected one of "macvlan-parent-isolation"|"ipvlan-parent-isolation"|"private-mode"|"vepa-not-reflected"|"source-mode-filter"|"passthru-takes-all"|"l3-no-multicast"|"link-down"|"no-route"|"no-return-route"|"neighbour-unanswered"|"netfilter-drop"|"reverse-path-filter"|"no-listener"|"forwarding-off"|"mtu-exceeded"
          → at rows[1].observed.reason"
      `)
  })
  test('a verdict without its reason', () => {
    expect(problemOf(({ rows }) => Object.assign(rows[0]?.observed ?? {}, { verdict: 'blocked' }))).toContain('reason')
  })
  test('an unknown field', () => {
    expect(problemOf((results) => Object.assign(results, { mood: 'good' }))).toMatchInlineSnapshot(
      `"✖ Unrecognized key: "mood""`,
    )
  })
  test('evidence taken away', () => {
    expect(problemOf(({ rows }) => Object.assign(rows[0] ?? {}, { evidence: null }))).toContain('evidence')
  })
  test('totals that do not add up', () => {
    expect(problemOf(({ totals }) => (totals.met += 1))).toMatchInlineSnapshot(`
      "✖ do not add up to the number of scenarios
        → at totals"
    `)
  })
  test('a skip without a reason', () => {
    expect(problemOf(({ scenarios }) => Object.assign(scenarios[6] ?? {}, { skipReason: null })))
      .toMatchInlineSnapshot(`
      "✖ is there exactly when the scenario was skipped
        → at scenarios[6].skipReason"
    `)
  })
  test('another version', () => {
    expect(problemOf((results) => Object.assign(results, { schemaVersion: 2 }))).toContain('schemaVersion')
  })
})

test('the published JSON Schema is that of the code', async () => {
  await expect(resultsJsonSchema()).toMatchFileSnapshot('../../fixtures/results-v1.schema.json')
})
