import { expect, test } from 'vitest'
import { placementName, readPlacement } from './placement.ts'

test('reads which hosts are on which machine, and writes it again', () => {
  const name = 'vm:6.1+node2=vm:5.10+gw=vm:6.12'
  const placement = readPlacement(name)
  expect(placement).toEqual({
    base: 'vm:6.1',
    placed: [
      { host: 'node2', machine: 'vm:5.10' },
      { host: 'gw', machine: 'vm:6.12' },
    ],
  })
  expect(placement && placementName(placement)).toBe(name)
})

test('takes a plus sign that is part of a kernel’s name for that', () => {
  expect(readPlacement('vm:/boot/vmlinuz-6.9.0+')).toBeUndefined()
  expect(readPlacement('vm:6.1+vm:5.10')).toBeUndefined()
  expect(readPlacement('vm:/k/6.9.0++node2=vm:5.10')?.base).toBe('vm:/k/6.9.0+')
})
