/**
 * What `npm start`, `npm test` and the other scripts run: set-up, then the task on the right Node.
 * Usage: node scripts/run.mjs TASK [arguments for the task's tool]
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, setup, SetupError } from './setup.mjs'
import { execute, runStages } from './stages.mjs'

/** @typedef {import('./stages.mjs').Stage} Stage */

/**
 * The stages of `npm test`, in this order. A further stage is added here. It runs with NETWRIGHT_TALLY set to a file
 * that it fills with `{"passed":1,"failed":0,"skipped":0}`; a stage that leaves no tally counts as one test.
 *
 * @param {readonly string[]} args @returns {Stage[]}
 */
const testStages = (args) => [
  {
    name: 'unit and real tests',
    commands: [['vitest', 'run', '--reporter=default', '--reporter=./scripts/tally-reporter.ts', ...args]],
  },
]

/** The stages of `npm run check`. All of them run, also when one fails. @type {Stage[]} */
const checkStages = [
  { name: 'lint (eslint)', commands: [['eslint', '.', '--max-warnings=0']] },
  { name: 'types (tsc)', commands: [['tsc', '--noEmit']] },
  { name: 'format (prettier)', commands: [['prettier', '--check', '--log-level=warn', '.']] },
  { name: 'unused code (knip)', commands: [['knip']] },
  {
    name: 'package (build, publint)',
    commands: [
      ['node', 'scripts/build.mjs'],
      ['publint', '--strict'],
    ],
  },
]

/** @param {string} file @param {number} code */
const readTally = (file, code) => {
  try {
    const tally = /** @type {{ passed: number, failed: number, skipped: number }} */ (
      JSON.parse(readFileSync(file, 'utf8'))
    )
    // A tool that failed without a failed test (a crash, an error outside of tests) is a failure all the same.
    return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
  } catch {
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  }
}

/** @param {string} node @param {string[]} args */
const test = async (node, args) => {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const folder = join(root, '.netwright', `test-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  let failed = false
  try {
    for (const [index, stage] of testStages(args).entries()) {
      const tally = join(folder, `${index}.json`)
      const [outcome] = await runStages([stage], { node, env: { NETWRIGHT_TALLY: tally } })
      const counted = readTally(tally, outcome?.code ?? 1)
      failed ||= counted.failed > 0
      for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[kind] += counted[kind]
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return failed ? 1 : 0
}

const check = async (/** @type {string} */ node) => {
  const outcomes = await runStages(checkStages, { node, atOnce: true })
  const failed = outcomes.filter(({ code }) => code !== 0)
  console.log(failed.length === 0 ? 'all checks passed' : `failed: ${failed.map(({ name }) => name).join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

/** @param {readonly string[]} command @returns {(node: string, args: string[]) => Promise<number>} */
const just = (command) => async (node, args) => (await execute([...command, ...args], { node })).code

/** @type {Record<string, (node: string, args: string[]) => Promise<number>>} */
const tasks = {
  start: just(['node', 'harness/cli/main.ts', 'run', '--report', 'netwright-report']),
  test,
  check,
  format: just(['prettier', '--write', '--log-level=warn', '.']),
  build: just(['node', 'scripts/build.mjs']),
}

const [name = '', ...args] = process.argv.slice(2)
const task = tasks[name]
if (!task) {
  console.error(`run: no task "${name}"; there are ${Object.keys(tasks).join(', ')}`)
  process.exitCode = 2
} else {
  try {
    process.exitCode = await task(await setup(), args)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`setup: ${error.message}`)
    process.exitCode = 1
  }
}
