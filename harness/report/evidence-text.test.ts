import { expect, test } from 'vitest'
import type { Evidence } from '../model/evidence.ts'
import { reached } from '../model/verdict.ts'
import { evidenceLines, evidenceText } from './evidence-text.ts'
import { isolated, sampleCell, sampleEvidence } from './testing/sample-cells.ts'

test('a blocked cell: every frame, the prober, neighbours and controls', () => {
  expect(evidenceText(sampleCell('ns1', 'node1', isolated))).toMatchInlineSnapshot(`
    "ns1 → node1 192.168.179.9 (icmp, IPv4), 38 ms
      expected  blocked: macvlan-parent-isolation
      observed  blocked: macvlan-parent-isolation, at node1 ens160
      ns1 sent 2 ARP requests for 192.168.179.9; they left node1 by ens160 and were last seen on wire:lan.
      node1 ens160 never saw them: a macvlan parent does not hear its own children.
      Controls: ns1 sends frames, node2 reaches 192.168.179.9. The evidence supports macvlan-parent-isolation.
        41 µs  node1/ns1 mac1  out  ARP, Request who-has 192.168.179.9 tell 192.168.179.12
        50 µs  node1 ens160    out  ARP, Request who-has 192.168.179.9 tell 192.168.179.12
        62 µs  wire:lan node1  in   ARP, Request who-has 192.168.179.9 tell 192.168.179.12
      1052 µs  node1/ns1 mac1  out  ARP, Request who-has 192.168.179.9 tell 192.168.179.12
      1061 µs  node1 ens160    out  ARP, Request who-has 192.168.179.9 tell 192.168.179.12
      1073 µs  wire:lan node1  in   ARP, Request who-has 192.168.179.9 tell 192.168.179.12
      prober     EHOSTUNREACH, No route to host
      neighbour  node1/ns1: 192.168.179.9 dev mac1 FAILED
      control    source is alive: its ARP requests were captured (frames, from node1/ns1)
      control    target is alive: node2 reached 192.168.179.9 (peer, from node2)"
  `)
})

test('what the document says stands beside what is expected', () => {
  const cell = sampleCell('ns1', 'node1', isolated, undefined, { documentSays: reached })
  expect(evidenceText(cell)).toContain('  document  reached\n')
})

test('look-ups and an untrustworthy capture', () => {
  const evidence: Evidence = {
    ...sampleEvidence('ns1', 'node1', { verdict: 'reached' }, { kind: 'tcp', port: 80 }),
    outcome: { kind: 'silence' },
    neighbours: [],
    findings: {
      netfilter: [{ ns: 'node1', rule: 'inet filter input "tcp dport 80 drop"', verdict: 'drop' }],
      counters: [{ ns: 'node1', name: 'IPReversePathFilter', delta: 2 }],
      routes: [
        { ns: 'node1/ns1', to: '10.8.0.241', error: 'RTNETLINK answers: Network is unreachable' },
        { ns: 'node1', to: '10.8.0.241', via: '192.168.1.1', dev: 'ens160' },
        {
          ns: 'gw',
          to: '10.8.0.241',
          from: '10.9.0.2',
          iif: 'eth1',
          error: 'RTNETLINK answers: Network is unreachable',
          rule: 'ip rule 100: to 10.8.0.0/24 unreachable',
        },
      ],
      listening: false,
    },
    captureProblem: '3 frames were dropped on node1 ens160',
  }
  const lines = evidenceLines(evidence).map(({ kind, text }) => `${kind}: ${text}`)
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "prober: no answer
    netfilter: node1: drop by inet filter input "tcp dport 80 drop"
    counter: node1: IPReversePathFilter +2
    route: node1/ns1: to 10.8.0.241 RTNETLINK answers: Network is unreachable
    route: node1: to 10.8.0.241 via 192.168.1.1 dev ens160
    route: gw: to 10.8.0.241 from 10.9.0.2 iif eth1 RTNETLINK answers: Network is unreachable (ip rule 100: to 10.8.0.0/24 unreachable)
    socket: no socket of the target listens on the port
    capture: cannot be trusted: 3 frames were dropped on node1 ens160"
  `)
})

test('without a frame the text says so', () => {
  const cell = sampleCell('ns1', 'node1', isolated)
  expect(evidenceText({ ...cell, evidence: { ...cell.evidence, sightings: [] } })).toContain('no frame was captured')
})
