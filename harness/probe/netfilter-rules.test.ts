import { expect, test } from 'vitest'
import { mayDecideAnew } from './netfilter-rules.ts'

const inChain = (...rules: readonly string[]): string =>
  `table inet t {\n\tchain c {\n\t\ttype filter hook input priority filter; policy accept;\n\t\t${rules.join('\n\t\t')}\n\t}\n}`

// As nft 1.0.6 lists them.
test.each([
  'icmp type echo-request meta random < 2147483648 drop',
  'ct original packets > 3 drop',
  'ct bytes > 4 drop',
  'ct reply avgpkt > 3 drop',
  'symhash mod 2 0 drop',
  'numgen random mod 2 vmap { 0 : drop, 1 : accept }',
  'limit rate over 1/day burst 1 packets drop',
  'xt match "statistic" counter packets 0 bytes 0 drop',
])('like packets may fare differently: %s', (rule) => {
  expect(mayDecideAnew(inChain(rule))).toBe(true)
})

test.each([
  ['a rule that decides by the packet alone', 'tcp dport 81 counter packets 3 bytes 180 drop'],
  ['a rule whose comment speaks of a limit', 'tcp dport 81 drop comment "over the limit"'],
  ['what draws lots can only count', 'meta random < 2147483648 counter packets 0 bytes 0'],
])('they do not: %s', (_, rule) => {
  expect(mayDecideAnew(inChain(rule))).toBe(false)
})

test('nor where a limit only spares the log, as ufw writes it', () => {
  const log = 'limit rate 3/minute burst 10 packets log prefix "[UFW BLOCK] drop "'
  expect(mayDecideAnew(inChain(log, 'tcp dport 81 drop'))).toBe(false)
})

test('a limit that accepts decides what a later rule drops', () => {
  expect(mayDecideAnew(inChain('limit rate 3/minute accept', 'drop'))).toBe(true)
})
