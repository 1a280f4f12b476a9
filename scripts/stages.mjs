/**
 * Runs the stages of a task one after the other (or a few at once), each named and timed. Plain JavaScript, because it
 * runs on the Node that npm was started with.
 */
import { spawn } from 'node:child_process'
import { availableParallelism, constants } from 'node:os'
import { endWithParent, root, toolEnvironment } from './setup.mjs'

/**
 * A stage is commands that run one after the other until one fails.
 *
 * @typedef {{ name: string, commands: readonly (readonly string[])[] }} Stage
 * @typedef {{ name: string, code: number, seconds: number, tally: string }} Outcome
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/** @type {NodeJS.Signals | undefined} */
let stoppedBy

const stop = (/** @type {NodeJS.Signals} */ signal) => {
  stoppedBy ??= signal
  for (const child of running) child.kill(signal)
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    // Still in set-up, whose children end with this process.
    if (running.size === 0) process.exit(128 + constants.signals[signal])
    // A terminal sends Ctrl-C to the children as well; a second one would cut their clean-up short.
    if (signal === 'SIGINT' && process.stdin.isTTY) stoppedBy ??= signal
    else stop(signal)
  })
}

// npm cannot pass on a `kill -9`, so watch whether it is still there. (The scripts in package.json say `exec`, or a shell
// would be in between.)
if (process.env['npm_lifecycle_event']) {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid === parent) return
    if (running.size === 0) process.exit(1)
    stop('SIGTERM')
  }, 250).unref()
}

/** A command may write its tally to this file descriptor: it also vanishes with a `kill -9`, a file would not. */
const tallyDescriptor = 3

/**
 * @param {readonly string[]} command
 * @param {{ node: string, buffered?: boolean }} options
 * @returns {Promise<{ code: number, output: string, tally: string }>} the exit code (128 + n for a signal), the output if buffered, and the tally
 */
export const execute = (command, { node, buffered = false }) =>
  new Promise((resolve, reject) => {
    if (stoppedBy) {
      resolve({ code: 130, output: '', tally: '' })
      return
    }
    const [program = '', ...args] = [...endWithParent('TERM'), ...command]
    const child = spawn(program, args, {
      cwd: root,
      env: { ...toolEnvironment(node), NETWRIGHT_TALLY_FD: String(tallyDescriptor) },
      stdio: buffered ? ['ignore', 'pipe', 'pipe', 'pipe'] : ['inherit', 'inherit', 'inherit', 'pipe'],
    })
    running.add(child)
    let output = ''
    let tally = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
    child.stdio[tallyDescriptor]?.on('data', (/** @type {Buffer} */ chunk) => (tally += String(chunk)))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGTERM'], output, tally })
    })
  })

/** @param {Outcome} outcome */
const line = ({ name, code, seconds }) =>
  `${code === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s`

/**
 * Runs all stages, also when one fails.
 *
 * @param {readonly Stage[]} stages
 * @param {{ node: string, atOnce?: boolean }} options `atOnce`: as many at a time as there are cores, each printing when it is done
 * @returns {Promise<Outcome[]>}
 */
export const runStages = async (stages, { node, atOnce = false }) => {
  /** @type {Outcome[]} */
  const outcomes = []
  const waiting = [...stages]
  const worker = async () => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) {
      const start = performance.now()
      if (!atOnce) console.log(`\n▶ ${stage.name}`)
      let code = 0
      let tally = ''
      for (const command of stage.commands) {
        const result = await execute(command, { node, buffered: atOnce })
        code = result.code
        tally ||= result.tally
        if (code !== 0 && result.output) console.log(`${stage.name}: ${command.join(' ')}\n${result.output.trimEnd()}`)
        if (code !== 0) break
      }
      const outcome = { name: stage.name, code, seconds: (performance.now() - start) / 1000, tally }
      outcomes.push(outcome)
      console.log(line(outcome))
    }
  }
  await Promise.all(Array.from({ length: atOnce ? availableParallelism() : 1 }, worker))
  if (stoppedBy) console.log(`stopped by ${stoppedBy}`)
  return outcomes
}
