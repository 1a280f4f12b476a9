import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ProbeSpec } from '../model/probe.ts'
import { readTrace } from './netfilter-trace.ts'

// Recorded: `nft monitor trace` of nftables 1.0.6 while 127.0.0.1 pinged .2 (dropped), .3 (rejected), .4 (policy) and itself.
const recorded = readFileSync(new URL('../../fixtures/nft/trace-nftables-1.0.6.txt', import.meta.url), 'utf8')
const echo = (address: string): ProbeSpec => ({
  from: 'n',
  to: address,
  address,
  family: 4,
  protocol: { kind: 'icmp' },
})

test.each([
  [
    '127.0.0.2',
    [
      {
        rule: 'inet fw input: ip daddr 127.0.0.2 icmp type echo-request counter packets 0 bytes 0 drop',
        verdict: 'drop',
      },
    ],
  ],
  ['127.0.0.3', [{ rule: 'inet fw input: ip daddr 127.0.0.3 reject with icmp port-unreachable', verdict: 'reject' }]],
  ['127.0.0.4', [{ rule: 'inet fw late: policy drop', verdict: 'drop' }]],
  // Others were dropped in the same trace; not this one.
  ['127.0.0.1', []],
  ['127.0.0.9', []],
])('%s', (address, expected) => {
  expect(readTrace(recorded, echo(address))).toEqual(expected)
})
