import { expect, test } from 'vitest'
import { suiteName } from './suite-name.ts'

test('a suite is called by its path below the innermost root', () => {
  expect(suiteName('/p/suites/vlan/tags.suite.ts', ['/p', '/p/suites'])).toBe('vlan/tags')
  expect(suiteName('/home/me/net/mine.suite.ts', ['/p/suites', '/home/me'])).toBe('net/mine')
  expect(suiteName('/home/me/net/mine.test.js', ['/home/me'])).toBe('net/mine')
})

test('a file that no root holds is called by its whole path', () => {
  expect(suiteName('/elsewhere/mine.suite.ts', ['/p'])).toBe('/elsewhere/mine')
  expect(suiteName('/p2/mine.suite.ts', ['/p'])).toBe('/p2/mine')
})
