import { expect, test } from 'vitest'
import { NetwrightError } from '../../model/errors.ts'
import { absenceOf } from './absence.ts'

test('what a machine lacks is a reason to skip', () => {
  const error = new NetwrightError('NETWRIGHT_TOOL_MISSING', 'there is no qemu', { next: 'Install it.' })
  expect(absenceOf(error)).toBe('there is no qemu [NETWRIGHT_TOOL_MISSING]')
})

test.each([
  new NetwrightError('NETWRIGHT_NO_ENGINE', 'The engine did not start'),
  new TypeError('undefined is not a function'),
])('what fails otherwise fails the test: %s', (error) => {
  expect(() => absenceOf(error)).toThrow(error)
})
