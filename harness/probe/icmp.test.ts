import { expect, test } from 'vitest'
import { readPing } from './icmp.ts'

const statistics = (received: number) =>
  `--- 10.0.0.2 ping statistics ---\n1 packets transmitted, ${received} received, ${received === 1 ? 0 : 100}% packet loss, time 0ms\n`

test('an answer is an answer', () => {
  expect(readPing(0, statistics(1), '')).toEqual({ kind: 'reply' })
})

test('no answer is silence, an errno or a failed prober, each by its own words', () => {
  expect(readPing(1, statistics(0), '')).toEqual({ kind: 'silence' })
  expect(readPing(2, '', 'ping: connect: Network is unreachable\n')).toMatchObject({
    kind: 'errno',
    errno: 'ENETUNREACH',
  })
  expect(readPing(1, statistics(0), 'ping: sendmsg: Operation not permitted\n')).toMatchObject({
    kind: 'errno',
    errno: 'EPERM',
  })
  expect(readPing(1, `ping: local error: message too long, mtu=1500\n${statistics(0)}`, '')).toMatchObject({
    kind: 'errno',
    errno: 'EMSGSIZE',
  })
})

test.each([
  ['says nothing and succeeds', 0, '', ''],
  ['says nothing and fails', 1, '', ''],
  ['succeeds without an answer', 0, statistics(0), ''],
  ['is ended by a signal', null, '', ''],
  ['does not know an option', 2, '', "ping: invalid option -- 'p'\n"],
])('a ping that %s is no negative', (_, code, stdout, stderr) => {
  expect(readPing(code, stdout, stderr)).toMatchObject({ kind: 'failed' })
})
