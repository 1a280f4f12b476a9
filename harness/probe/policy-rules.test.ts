import { expect, test } from 'vitest'
import type { Graph, Route } from '../model/graph.ts'
import { ruleAgainst, rulesIn, type PolicyRule } from './policy-rules.ts'

const way: Route = { family: 4, to: 'default', via: '10.0.0.254', dev: 'eth0', type: 'unicast', table: '100' }
const graph: Graph = {
  namespaces: [{ id: 'n', role: 'host', host: 'n', interfaces: [], routes: [way], neighbours: [], sysctls: {} }],
}

/** What every namespace has, and beside it one more, as iproute2 6.1 shows them. */
const rules = (one: Omit<PolicyRule, 'priority'>): PolicyRule[] => [
  { priority: 0, src: 'all', table: 'local' },
  { priority: 100, ...one },
  { priority: 32766, src: 'all', table: 'main' },
  { priority: 32767, src: 'all', table: 'default' },
]
const against = (one: Omit<PolicyRule, 'priority'>, isRefused = false): string | undefined =>
  ruleAgainst({ graph }, rules(one), { ns: 'n', to: '10.9.0.2', from: '10.0.0.1', isRefused })

test.each<[Omit<PolicyRule, 'priority'>, string]>([
  [{ src: 'all', dst: '10.9.0.0', dstlen: 24, action: 'unreachable' }, 'to 10.9.0.0/24 unreachable'],
  [{ src: '10.0.0.1', action: 'unreachable' }, 'from 10.0.0.1 unreachable'],
  [{ not: null, src: 'all', dst: '10.9.0.0', dstlen: 24, action: 'unreachable' }, 'not to 10.9.0.0/24 unreachable'],
  [{ src: 'all', fwmark: '0x7', table: '100' }, 'fwmark 0x7 lookup 100'],
  [{ src: 'all', ipproto: 'tcp', table: '100' }, 'ipproto tcp lookup 100'],
  [{ src: 'all', fwmark: '0x7', table: 'named' }, 'fwmark 0x7 lookup named'],
  [{ src: 'all', fwmark: '0x7', goto: 32766 }, 'fwmark 0x7 goto 32766'],
])('%o speaks against a look-up in vain', (rule, text) => {
  expect(against(rule)).toBe(`ip rule 100: ${text}`)
})

test.each<[string, Omit<PolicyRule, 'priority'>]>([
  ['of another target', { src: 'all', dst: '10.8.0.0', dstlen: 24, action: 'unreachable' }],
  ['of another source', { src: '10.0.0.2', action: 'unreachable' }],
  // EINVAL and EACCES, not ENETUNREACH.
  ['that refuses in other words', { src: 'all', dst: '10.9.0.0', dstlen: 24, action: 'blackhole' }],
  ['that the look-up heeds itself', { src: '10.0.0.0', srclen: 8, iif: 'eth1', table: '100' }],
  ['that leads to a table without a route', { src: 'all', fwmark: '0x7', table: '200' }],
])('a rule %s does not: %o', (_, rule) => {
  expect(against(rule)).toBeUndefined()
})

test('what the stack itself refused, no mark has led elsewhere', () => {
  expect(against({ src: 'all', fwmark: '0x7', table: '100' }, true)).toBeUndefined()
  expect(against({ src: 'all', action: 'unreachable' }, true)).toBe('ip rule 100: unreachable')
})

test.each([
  // Recorded: iproute2 6.1 asked for the rules of a family that the kernel has none for.
  ['a kernel without rules has none', 255, '[', 'RTNETLINK answers: Address family not supported by protocol\n', []],
  ['what cannot be read says nothing', 1, '', 'Cannot open netlink socket: Permission denied\n', undefined],
  ['nor do the words of another program', 0, 'ip: unrecognized option\n', '', undefined],
] as const)('%s', (_, code, stdout, stderr, expected) => {
  const said = { code, signal: null, timedOut: false, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }
  expect(rulesIn(said)).toEqual(expected)
})
