/**
 * What `npm start`, `npm test` and the other scripts run: set-up, then the task on the right Node.
 * Usage: node scripts/run.mjs TASK [arguments for the task's tool]
 */
import { setup, SetupError } from './setup.mjs'
import { execute, runStages } from './stages.mjs'

/** @typedef {import('./stages.mjs').Stage} Stage */

// An emulated processor takes a core of this machine.
const vmTests = ['vitest', 'run', '--project', 'vm', '--maxWorkers=2']
const tallied = ['--reporter=default', '--reporter=./scripts/tally-reporter.ts']

/**
 * The stages of `npm test`, in this order. A further stage is added here. It may write what it counted, like
 * `{"passed":1,"failed":0,"skipped":0}` (and lists of text, `flaky` and `failures`), to the file descriptor that
 * NETWRIGHT_TALLY_FD names; else it counts as one test.
 *
 * @param {readonly string[]} args @returns {Stage[]}
 */
const testStages = (args) => [
  {
    name: 'unit and real tests',
    commands: [['vitest', 'run', '--project', 'unit', '--project', 'real', ...tallied, ...args]],
  },
  // Arguments choose tests of the first stage.
  ...(args.length > 0
    ? []
    : [
        { name: 'suites', commands: [['node', 'harness/cli/main.ts', 'run', '--on', 'local']] },
        // Skipped with the reason where there is no QEMU, or no kernel and no network to fetch one.
        { name: 'VM tests', commands: [[...vmTests, ...tallied]] },
      ]),
]

/** The stages of `npm run check`. All of them run, also when one fails. @type {Stage[]} */
const checkStages = [
  { name: 'lint (eslint)', commands: [['eslint', '.', '--max-warnings=0']] },
  { name: 'types (tsc)', commands: [['tsc', '--noEmit']] },
  { name: 'format (prettier)', commands: [['prettier', '--check', '--log-level=warn', '.']] },
  { name: 'unused code (knip)', commands: [['knip']] },
  { name: 'workflows', commands: [['node', 'scripts/workflows.ts']] },
  {
    name: 'package (build, publint)',
    commands: [
      ['node', 'scripts/build.mjs'],
      ['publint', '--strict'],
    ],
  },
]

/** @typedef {{ passed: number, failed: number, skipped: number, flaky?: string[], failures?: string[] }} Tally */

/** @param {import('./stages.mjs').Outcome} outcome @returns {Tally} */
const countOf = ({ code, tally }) => {
  if (!tally) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  const counted = /** @type {Tally} */ (JSON.parse(tally))
  // A tool that failed without a failed test (a crash, an error outside of tests) is a failure all the same.
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
}

/** @param {string} node @param {string[]} args */
const test = async (node, args) => {
  const counts = (await runStages(testStages(args), { node })).map(countOf)
  const list = (/** @type {'flaky' | 'failures'} */ kind, /** @type {string} */ title) => {
    const entries = counts.flatMap((count) => count[kind] ?? [])
    if (entries.length > 0) console.log(`\n${title}:\n${entries.join('\n')}`)
  }
  list('flaky', 'Flaky (failed, and passed when run again)')
  list('failures', 'Failed')
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ kind) =>
    counts.reduce((total, count) => total + count[kind], 0)
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
  return sum('failed') > 0 ? 1 : 0
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
  matrix: just(['node', 'harness/cli/main.ts', 'matrix']),
  test,
  check,
  'check:release': just(['node', 'scripts/release.ts']),
  'test:vm': just(vmTests),
  'test:chaos': just([
    'env',
    'NETWRIGHT_CHAOS_ROUNDS=20',
    ...vmTests,
    'chaos.real',
    'killed-harness',
    'tests/vagrant',
    'docker-drivers',
    'docker-versions',
  ]),
  format: just(['prettier', '--write', '--log-level=warn', '.']),
  build: just(['node', 'scripts/build.mjs']),
  mutate: just(['node', 'scripts/mutate.ts']),
  bench: just(['node', 'scripts/bench.ts']),
}

const [name = '', ...args] = process.argv.slice(2)
const task = tasks[name]
if (!task) {
  console.error(`run: no task "${name}"; there are ${Object.keys(tasks).join(', ')}`)
  process.exitCode = 2
} else {
  try {
    process.exitCode = await task(await setup({ forTests: /^test/.test(name) }), args)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`setup: ${error.message}`)
    process.exitCode = 1
  }
}
