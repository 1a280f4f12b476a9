import { expect, test } from 'vitest'
import { inLanes, lanesFor, longestFirst, paceFor } from './matrix-schedule.ts'

const gib = 1024 ** 3

test('as many machines run at a time as there are cores and memory for', () => {
  expect(lanesFor(5, { cores: 2, memory: 8 * gib })).toBe(2)
  expect(lanesFor(5, { cores: 64, memory: 64 * gib })).toBe(5)
  expect(lanesFor(5, { cores: 64, memory: 2 * gib })).toBe(3)
  expect(lanesFor(5, { cores: 64, memory: 0 })).toBe(1)
})

test('machines share the cores', () => {
  expect(paceFor('vm:6.1', 2, { cores: 2, memory: 0 })).toEqual({ workers: 1, atOnce: 2 })
  expect(paceFor('vm:6.1', 1, { cores: 8, memory: 0 })).toEqual({ workers: 8, atOnce: 2 })
})

test('the longest comes first; what is not known is guessed', () => {
  expect(longestFirst(['local', 'vm:5.10', 'vm:6.1'], { local: 9000, 'vm:5.10': 50_000, 'vm:6.1': 70_000 })).toEqual([
    'vm:6.1',
    'vm:5.10',
    'local',
  ])
  expect(longestFirst(['local', 'vm:5.10', 'vm:7.2'], {})).toEqual(['vm:5.10', 'vm:7.2', 'local'])
})

test('jobs keep their order and learn how many run beside them', async () => {
  const seen: [string, number][] = []
  const note = async (job: string, atOnce: number): Promise<void> => {
    seen.push([job, atOnce])
    await Promise.resolve()
  }
  await inLanes(['a', 'b', 'c'], 2, note)
  await inLanes(['alone'], 2, note)
  expect(seen.map(([job]) => job)).toEqual(['a', 'b', 'c', 'alone'])
  expect(seen[0]).toEqual(['a', 2])
  expect(seen[3]).toEqual(['alone', 1])
})
