import type { Evidence, Sighting, SightingKind } from '../../model/evidence.ts'
import type { Protocol } from '../../model/probe.ts'
import type { CellResult } from '../../model/results.ts'
import { blocked, meets, reached } from '../../model/verdict.ts'
import type { Expected, Verdict } from '../../model/verdict.ts'

const addresses: Readonly<Record<string, string>> = {
  ns1: '192.168.179.12',
  ns2: '192.168.179.13',
  node1: '192.168.179.9',
  node2: '192.168.179.10',
}
const ids: Readonly<Record<string, string>> = { ns1: 'node1/ns1', ns2: 'node1/ns2' }

const sighting = (kind: SightingKind, us: number, place: string, direction: 'in' | 'out', text: string): Sighting => {
  const [ns = '', dev = ''] = place.split(' ')
  return { kind, us, ns, dev, direction, text, sourceMac: '6a:11:22:0f:aa:01', targetMac: 'ff:ff:ff:ff:ff:ff' }
}

/** Fixture: the evidence that would back a verdict. */
export function sampleEvidence(from: string, to: string, observed: Verdict, protocol: Protocol): Evidence {
  const [address, mine] = [addresses[to] ?? to, addresses[from] ?? from]
  const ns = ids[from] ?? from
  const ask = `ARP, Request who-has ${address} tell ${mine}`
  const answered = [
    sighting('solicit', 41, `${ns} mac1`, 'out', ask),
    sighting('advert', 55, `${ns} mac1`, 'in', `ARP, Reply ${address} is-at 6a:11:22:0f:aa:02`),
    sighting('request', 63, `${ns} mac1`, 'out', `IP ${mine} > ${address}: ICMP echo request, id 7, seq 1`),
    sighting('request', 70, `${ids[to] ?? to} mac2`, 'in', `IP ${mine} > ${address}: ICMP echo request, id 7, seq 1`),
    sighting('reply', 88, `${ns} mac1`, 'in', `IP ${address} > ${mine}: ICMP echo reply, id 7, seq 1`),
  ]
  const unanswered = [41, 1052].flatMap((us) => [
    sighting('solicit', us, `${ns} mac1`, 'out', ask),
    sighting('solicit', us + 9, 'node1 ens160', 'out', ask),
    sighting('solicit', us + 21, 'wire:lan node1', 'in', ask),
  ])
  const ok = observed.verdict === 'reached'
  return {
    probe: { from: ns, to: ids[to] ?? to, owner: ids[to] ?? to, address, family: 4, protocol },
    outcome: ok ? { kind: 'reply' } : { kind: 'errno', errno: 'EHOSTUNREACH', text: 'No route to host' },
    sightings: ok ? answered : unanswered,
    neighbours: [
      ok
        ? { ns, dev: 'mac1', address, state: 'REACHABLE', mac: '6a:11:22:0f:aa:02' }
        : { ns, dev: 'mac1', address, state: 'FAILED' },
    ],
    controls: ok
      ? []
      : [
          {
            end: 'source',
            from: ns,
            address: mine,
            alive: true,
            method: 'frames',
            text: 'its ARP requests were captured',
          },
          { end: 'target', from: 'node2', address, alive: true, method: 'peer', text: `node2 reached ${address}` },
        ],
    findings: {},
    ms: 38,
  }
}

const story = (from: string, to: string, observed: Verdict): string[] => {
  switch (observed.verdict) {
    case 'reached':
      return [`${from} asked for ${addresses[to] ?? to} and got the answer; the request was seen arriving at ${to}.`]
    case 'blocked':
      return [
        `${from} sent 2 ARP requests for ${addresses[to] ?? to}; they left node1 by ens160 and were last seen on wire:lan.`,
        `${observed.at} never saw them: a macvlan parent does not hear its own children.`,
        `Controls: ${from} sends frames, node2 reaches ${addresses[to] ?? to}. The evidence supports ${observed.reason}.`,
      ]
    case 'inconclusive':
      return [`Nothing can be said: ${observed.detail}.`]
  }
}

type CellOptions = Partial<Pick<CellResult, 'documentSays' | 'family' | 'address'>> & { protocol?: Protocol }

/** Fixture: one measured cell, met unless `observed` differs. */
export function sampleCell(
  from: string,
  to: string,
  expected: Expected,
  observed: Verdict = sampleVerdict(expected),
  { protocol = { kind: 'icmp' }, family = 4, ...rest }: CellOptions = {},
): CellResult {
  const proto = protocol.kind === 'tcp' || protocol.kind === 'udp' ? `${protocol.kind}/${protocol.port}` : protocol.kind
  return {
    from,
    to,
    address: addresses[to] ?? to,
    family,
    proto,
    expected,
    observed,
    met: meets(observed, expected),
    story: story(from, to, observed),
    evidence: sampleEvidence(from, to, observed, protocol),
    ms: 38,
    ...rest,
  }
}

/** Fixture: the verdict that meets an expectation. */
function sampleVerdict(expected: Expected): Verdict {
  return expected.verdict === 'reached' ? expected : { at: 'node1 ens160', ...expected }
}

export const isolated = blocked('macvlan-parent-isolation')
export const toolMissing: Verdict = { verdict: 'inconclusive', why: 'tool-missing', detail: 'ping: command not found' }

/** Fixture: the matrix of document A on one node, as the document has it, with cells replaced by `changes`. */
export function sampleMatrix(changes: Readonly<Record<string, Verdict>> = {}, host: Expected = isolated): CellResult[] {
  const rows: [string, string, Expected][] = [
    ['ns1', 'ns2', reached],
    ['ns1', 'node1', host],
    ['ns1', 'node2', reached],
    ['ns2', 'ns1', reached],
    ['ns2', 'node1', host],
    ['ns2', 'node2', reached],
  ]
  return rows.map(([from, to, expected]) => sampleCell(from, to, expected, changes[`${from} ${to}`]))
}
