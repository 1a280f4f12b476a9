import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (file: string) => fileURLToPath(new URL(`harness/${file}`, import.meta.url))

// The same table as `paths` in tsconfig.json: tests and suites import the package by its name, as a user does.
const alias = [
  { find: /^netwright$/, replacement: source('index.ts') },
  { find: /^netwright\/vitest$/, replacement: source('vitest.ts') },
  { find: /^netwright\/conformance$/, replacement: source('conformance.ts') },
]

const realTests = ['harness/**/*.real.test.ts', 'scripts/**/*.real.test.ts', 'tests/**/*.real.test.ts']
// They boot kernels, emulated where there is no KVM: a stage of their own, `npm run test:vm`.
const vmTests = ['harness/machines/vm/**/*.real.test.ts', '{harness,scripts,tests}/**/*.vm.test.ts']

/**
 * Tests of real traffic and of emulated machines have deadlines that a machine under others' load may miss. Where nobody
 * watches, one that fails runs once more, and `npm test` names it as flaky with its first failure (tally-reporter.ts). Unit
 * tests have no such excuse.
 */
const retry = process.env['CI'] ? 1 : 0

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['harness/**/*.test.ts', 'scripts/**/*.test.ts', 'suites/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...realTests, ...vmTests],
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: { alias },
        test: {
          // Real namespaces and real frames. After the unit tests, so that nothing else competes for the cores:
          // evidence has deadlines. (Not 0 and 1: with one worker vitest runs group 0 last.)
          name: 'real',
          include: realTests,
          exclude: ['**/node_modules/**', ...vmTests],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
          sequence: { groupOrder: 2 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'vm',
          include: vmTests,
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
