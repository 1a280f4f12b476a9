import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readTrace, wholeLines } from './netfilter-trace.ts'
import { isOwnPacket, type OwnPackets } from './traced-packets.ts'

// Recorded: `nft monitor trace` of nftables 1.0.6 while 127.0.0.1 pinged .2 (dropped), .3 (rejected), .4 (policy) and itself.
const recorded = readFileSync(new URL('../../fixtures/nft/trace-nftables-1.0.6.txt', import.meta.url), 'utf8')
const echo = (address: string, id?: number): OwnPackets => {
  const mark = id === undefined ? [] : [`127.0.0.1 echo ${String(id)}`]
  const spec = { from: 'n', to: address, address, family: 4, protocol: { kind: 'icmp' } } as const
  return {
    spec,
    requests: new Set(mark),
    answers: new Set(mark),
    senders: new Set(['127.0.0.1']),
    left: new Set(id === undefined ? [] : [`echo ${String(id)}`]),
  }
}

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
  expect(readTrace(recorded, 'n', echo(address))).toEqual(expected)
})

test('what was captured is known by its sender and id, and nothing else is', () => {
  expect(readTrace(recorded, 'elsewhere', echo('127.0.0.2', 6))).toHaveLength(1)
  expect(readTrace(recorded, 'elsewhere', echo('127.0.0.2', 60))).toEqual([])
  expect(readTrace(recorded, 'n', echo('127.0.0.2', 60))).toEqual([])
  expect(readTrace(recorded, 'elsewhere', echo('127.0.0.2'))).toEqual([])
})

test('a packet that gets the id of one before is another packet', () => {
  const again = recorded.replaceAll(/trace id (?!9dda010b)\w+/g, 'trace id 9dda010b')
  expect(readTrace(again, 'n', echo('127.0.0.2', 6))).toHaveLength(1)
})

test('a line that has come in part is no packet yet: another ping’s may begin like the probe’s own', () => {
  const packet = 'trace id 1 inet t c packet: ip saddr 127.0.0.1 ip daddr 127.0.0.2 icmp type echo-request icmp id 17'
  const line = `${packet} icmp sequence 142`
  const own = echo('127.0.0.2')
  for (let end = 0; end <= line.length; end++) {
    const text = wholeLines(`trace id 1 inet t c policy accept\n${line.slice(0, end)}`)
    expect(text.split('\n').filter((part) => isOwnPacket(part, 'n', own))).toEqual([])
  }
  expect(isOwnPacket(line.slice(0, -2), 'n', own)).toBe(true)
  expect(wholeLines(`${line}\n`)).toBe(`${line}\n`)
})
