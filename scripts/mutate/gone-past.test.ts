import { expect, test } from 'vitest'
import type { Sighting } from '../../harness/model/evidence.ts'
import type { CellResult } from '../../harness/model/results.ts'
import type { Verdict } from '../../harness/model/verdict.ts'
import { gonePast } from './gone-past.ts'

const sighting = (kind: Sighting['kind'], ns: string, direction: 'in' | 'out', dev = 'ipv1'): Sighting => ({
  kind,
  us: 0,
  ns,
  dev,
  direction,
  text: '',
  sourceMac: '',
  targetMac: '',
})
const whole = [sighting('request', 'host/net2', 'in'), sighting('reply', 'host/net1', 'in')]
const parent = { ns: 'host', dev: 'eth0' }
const cell = (sightings: readonly Sighting[], observed: Verdict = { verdict: 'reached' }): CellResult => ({
  from: 'host/net1',
  to: 'net2',
  address: '10.0.0.2',
  family: 4,
  proto: 'icmp',
  expected: { verdict: 'reached' },
  observed,
  met: true,
  story: [],
  evidence: {
    probe: {
      from: 'host/net1',
      to: 'net2',
      address: '10.0.0.2',
      owner: 'host/net2',
      family: 4,
      protocol: { kind: 'icmp' },
    },
    outcome: { kind: 'reply' },
    sightings,
    neighbours: [],
    controls: [],
    findings: {},
    ms: 1,
  },
  ms: 1,
})

test('a conversation seen at both ends and nowhere on the broken device did without it', () => {
  expect(gonePast(parent, [cell(whole)])).toBe(
    'captured at both ends, and nowhere on host eth0: host/net1 → net2 (icmp, IPv4)',
  )
})

test.each<[string, readonly CellResult[]]>([
  ['nothing was measured', []],
  ['a frame of it was seen on the device', [cell([...whole, sighting('solicit', 'host', 'out', 'eth0')])]],
  ['the request was never seen coming in', [cell(whole.slice(1))]],
  ['the reply was never seen coming in', [cell(whole.slice(0, 1))]],
  ['one of the cells is a negative', [cell(whole), cell([], { verdict: 'blocked', reason: 'no-route', at: 'host' })]],
])('it is a survivor when %s', (_, cells) => {
  expect(gonePast(parent, cells)).toBeUndefined()
})

test('it is one when no device was broken', () => {
  expect(gonePast(undefined, [cell(whole)])).toBeUndefined()
})
