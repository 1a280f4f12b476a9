import { expect, test } from 'vitest'
import { isListedKernel, tableRow } from './support-table.ts'

test.each([
  ['3.8.13', false],
  ['3.9.0', true],
  ['3.19.8-generic', true],
  ['4.0.0', true],
  ['6.12-rc1', true],
  ['2.6.39', false],
])('kernel %s: %s', (release, isListed) => {
  expect(isListedKernel(release)).toBe(isListed)
})

test.each([
  ['ID=ubuntu\nVERSION_ID="13.04"\nPRETTY_NAME="Ubuntu 13.04"', { name: 'Ubuntu 13.04', floor: 13.1, isListed: false }],
  ['ID=ubuntu\nVERSION_ID="13.10"', { name: 'ubuntu', floor: 13.1, isListed: true }],
  ['ID="rhel"\nVERSION_ID="7.9"', { name: 'rhel', floor: 7, isListed: true }],
])('a version of a distribution that is in the table: %j', (text, row) => {
  expect(tableRow(text)).toEqual(row)
})

test.each([
  ['ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME="Alpine"', 'Alpine'],
  ['ID=debian\nPRETTY_NAME="Debian sid"', 'Debian sid'],
  ['', 'a distribution without a name'],
])('what the table says nothing of does not agree with it: %j', (text, name) => {
  expect(tableRow(text)).toEqual({ name, isListed: false })
})
