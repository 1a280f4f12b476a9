import { expect, test } from 'vitest'
import type { CellResult, StepResult } from '../model/results.ts'
import { blocked, reached } from '../model/verdict.ts'
import { displayWidth } from './display-width.ts'
import { failureText } from './failure-text.ts'
import { sampleCell, sampleMatrix, toolMissing } from './testing/sample-cells.ts'

const step = (cells: readonly CellResult[]) =>
  ({ kind: 'expect', title: 'before', ms: 1, cells, graph: 0, journal: [] }) as const

test('both matrices side by side, and the story of each wrong cell', () => {
  const cells = sampleMatrix({ 'ns1 node1': { verdict: 'reached' }, 'ns2 ns1': toolMissing })
  expect(failureText(step(cells))).toMatchInlineSnapshot(`
    "before: 2 of 6 cells are not as expected

      icmp, IPv4
      expected   ns1   ns2   node1   node2      observed   ns1   ns2   node1   node2
      ns1        ·     ok   ✗--a     ok         ns1        ·     ok   ✗ok      ok
      ns2       ✗ok    ·     --a     ok         ns2       ✗??b   ·     --a     ok

      --a  blocked: macvlan-parent-isolation
      ??b  inconclusive: tool-missing

    ✗ ns1 → node1 192.168.179.9 (icmp, IPv4)
        expected  blocked: macvlan-parent-isolation
        observed  reached
        - ns1 asked for 192.168.179.9 and got the answer; the request was seen
          arriving at node1.

    ✗ ns2 → ns1 192.168.179.12 (icmp, IPv4)
        expected  reached
        observed  inconclusive: tool-missing, ping: command not found
        - Nothing can be said: ping: command not found."
  `)
})

test('blocked for another reason, or at another place, is wrong', () => {
  const cells = [
    sampleCell('ns1', 'ns2', blocked('private-mode'), { verdict: 'blocked', reason: 'no-route', at: 'node1/ns1 mac1' }),
    sampleCell('ns2', 'ns1', blocked('link-down', { at: 'node1 ens160' }), {
      verdict: 'blocked',
      reason: 'link-down',
      at: 'node1/ns1 mac1',
    }),
  ]
  expect(failureText(step(cells))).toMatchInlineSnapshot(`
    "before: 2 of 2 cells are not as expected

      icmp, IPv4
      expected   ns1   ns2      observed   ns1   ns2
      ns1        ·    ✗--a      ns1        ·    ✗--b
      ns2       ✗--c   ·        ns2       ✗--c   ·

      --a  blocked: private-mode
      --b  blocked: no-route
      --c  blocked: link-down

    ✗ ns1 → ns2 192.168.179.13 (icmp, IPv4)
        expected  blocked: private-mode
        observed  blocked: no-route, at node1/ns1 mac1
        - ns1 sent 2 ARP requests for 192.168.179.13; they left node1 by ens160 and
          were last seen on wire:lan.
        - node1/ns1 mac1 never saw them: a macvlan parent does not hear its own
          children.
        - Controls: ns1 sends frames, node2 reaches 192.168.179.13. The evidence
          supports no-route.

    ✗ ns2 → ns1 192.168.179.12 (icmp, IPv4)
        expected  blocked: link-down, at node1 ens160
        observed  blocked: link-down, at node1/ns1 mac1
        - ns2 sent 2 ARP requests for 192.168.179.12; they left node1 by ens160 and
          were last seen on wire:lan.
        - node1/ns1 mac1 never saw them: a macvlan parent does not hear its own
          children.
        - Controls: ns2 sends frames, node2 reaches 192.168.179.12. The evidence
          supports link-down."
  `)
})

test('only the protocols with a wrong cell are shown', () => {
  const wrong = sampleCell('ns1', 'ns2', reached, toolMissing, { protocol: { kind: 'udp', port: 53 } })
  expect(failureText(step([...sampleMatrix(), wrong]))).not.toContain('icmp, IPv4\n')
})

test('a wide matrix is stacked with the same columns and stays within the terminal', () => {
  const names = Array.from({ length: 9 }, (_, index) => `container${index}`)
  const cells = names.flatMap((from, row) =>
    names.flatMap((to, column) =>
      row === column ? [] : [sampleCell(from, to, reached, row === 2 && column === 3 ? toolMissing : undefined)],
    ),
  )
  const text = failureText(step(cells))
  expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80)
  expect(text).toMatchInlineSnapshot(`
    "before: 1 of 72 cells is not as expected

      icmp, IPv4
      expected     container3
      container2  ✗ok
      observed     container3
      container2  ✗??a
      (8 rows and 8 columns that are all as expected are left out)

      ??a  inconclusive: tool-missing

    ✗ container2 → container3 (icmp, IPv4)
        expected  reached
        observed  inconclusive: tool-missing, ping: command not found
        - Nothing can be said: ping: command not found."
  `)
})

test('a finding that is not as expected', () => {
  const finding: StepResult = {
    kind: 'finding',
    title: 'lsmod lists macvlan',
    ms: 1,
    holds: true,
    expected: false,
    measured: true,
    met: false,
    found: 'macvlan  32768  0',
    journal: [],
  }
  expect(failureText(finding)).toMatchInlineSnapshot(`
    "✗ lsmod lists macvlan
        expected  does not hold
        observed  holds
        document  says so
        - macvlan 32768 0"
  `)
})
