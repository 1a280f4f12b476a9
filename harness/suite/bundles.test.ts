import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundlesOf } from './bundles.ts'
import { titleAsked, titleEnvironment } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'netwright-bundles-'))
afterAll(() => rmSync(folder, { recursive: true }))

const suite = (name: string, scenarios: number): string => {
  const file = join(folder, name)
  writeFileSync(file, "scenario(lab, 'x')\n".repeat(scenarios))
  return file
}

test('every file is in one bundle, in the order it was given, and bundles weigh about the same', () => {
  const [a, b, c, d] = [suite('a', 1), suite('b', 9), suite('c', 4), suite('d', 4)]
  expect(bundlesOf([a, b, c, d], 2)).toEqual([
    [a, b],
    [c, d],
  ])
  expect(bundlesOf([d, c, b, a], 1)).toEqual([[d, c, b, a]])
})

test('there are no empty bundles', () => {
  expect(bundlesOf([suite('e', 1)], 6)).toHaveLength(1)
  expect(bundlesOf([], 6)).toEqual([])
})

test('a file that cannot be read is still dealt: whoever runs it tells why', () => {
  expect(bundlesOf([join(folder, 'none')], 2)).toEqual([[join(folder, 'none')]])
})

test.each([/^a \/ b$/, /until/iu, /x=y/])('the titles asked for reach another process: %s', (pattern) => {
  expect(titleAsked(titleEnvironment(pattern))).toEqual(pattern)
  expect(titleAsked(titleEnvironment(undefined))).toBeUndefined()
})
