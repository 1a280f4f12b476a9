#!/usr/bin/env node
/**
 * Judges one kernel by a suite, in the words of `git bisect run`: exit code 0 good (all as expected), 1 bad (an
 * expectation was measured, and not met), 125 cannot tell (the kernel does not boot, lacks what the suite needs, or
 * something was inconclusive), 255 wrong usage, which ends the bisection.
 *
 * Usage: judge.mjs [--invert] [--skip-is-bad] SUITE… (--on vm:NAME | --kernel FILE [--modules DIR]) [-t TITLE]
 *
 *   --invert       good and bad change places: finds the commit that mended something
 *   --skip-is-bad  a kernel that lacks what the suite needs is bad
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const codes = { good: 0, bad: 1, 'cannot tell': 125 }

/** Minutes until a kernel that neither boots nor panics is given up. */
const limitMinutes = 15

/** Failures that are statements about the network; all others say that something could not be measured. */
const measured = ['NETWRIGHT_EXPECTATION_NOT_MET', 'NETWRIGHT_REMEDY_NOT_NEEDED']

/**
 * What the results of `netwright run --json` say of a kernel.
 *
 * @param {import('netwright/report').Results} results
 * @param {{ skipIsBad?: boolean }} [options]
 * @returns {{ verdict: keyof typeof codes, why: string }}
 */
export function verdictOf({ scenarios, rows }, { skipIsBad = false } = {}) {
  const notMet = scenarios.filter(({ status }) => status === 'not met')
  const unsure = notMet.find(
    ({ failures, unmeasured }) => unmeasured.length > 0 || failures.some(({ code }) => !measured.includes(code)),
  )
  if (unsure) {
    const why = unsure.failures.find(({ code }) => !measured.includes(code))?.message ?? unsure.unmeasured[0]
    return { verdict: 'cannot tell', why: `${unsure.scenario}: ${why}` }
  }
  // One counterexample is enough, whatever else was inconclusive.
  const wrong = notMet.find(({ suite, scenario }) => {
    const cells = rows.filter((row) => row.suite === suite && row.scenario === scenario)
    return !cells.some(({ observed }) => observed.verdict === 'inconclusive')
  })
  if (wrong) return { verdict: 'bad', why: `${wrong.scenario}: ${wrong.failures[0]?.message ?? 'not met'}` }
  const [first] = notMet
  if (first) return { verdict: 'cannot tell', why: `${first.scenario}: inconclusive` }
  const skipped = scenarios.find(({ status }) => status === 'skipped')
  if (skipped) return { verdict: skipIsBad ? 'bad' : 'cannot tell', why: `${skipped.scenario}: ${skipped.skipReason}` }
  if (scenarios.length === 0) return { verdict: 'cannot tell', why: 'nothing was measured' }
  return { verdict: 'good', why: `${scenarios.length} scenarios are as expected` }
}

/**
 * In a clone its own command, elsewhere the installed one.
 *
 * @returns {[program: string, ...args: string[]]}
 */
function command() {
  const own = join(import.meta.dirname, '..', '..', 'bin', 'netwright.js')
  return existsSync(own) ? [process.execPath, own] : ['npx', '--no-install', 'netwright']
}

/** @param {readonly string[]} args @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
function run(args) {
  const [program, ...first] = command()
  const child = spawn(program, [...first, 'run', ...args, '--json', '-'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMinutes * 60_000,
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
    stderr += String(chunk)
    process.stderr.write(chunk)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

async function main() {
  const [invert, skip] = ['--invert', '--skip-is-bad']
  const given = process.argv.slice(2)
  const args = given.filter((arg) => arg !== invert && arg !== skip)
  if (!args.some((arg) => /^--(on|kernel)(=|$)/.test(arg))) {
    console.error('judge: which kernel? Say --on vm:NAME, or --kernel FILE [--modules DIR].')
    return 255
  }
  const { code, stdout, stderr } = await run(args)
  // A file that is no kernel is a failed build; a suite that does not exist would skip every commit.
  if (code === 2 && !stderr.includes('[NETWRIGHT_BAD_KERNEL]')) return 255
  /** @type {ReturnType<typeof verdictOf>} */
  let told = {
    verdict: 'cannot tell',
    why: `the run ended with ${code === null ? 'its time up' : code} and no results`,
  }
  if (stdout !== '') {
    /** @type {import('netwright/report').Results} */
    const results = JSON.parse(stdout)
    told = verdictOf(results, { skipIsBad: given.includes(skip) })
  }
  if (given.includes(invert) && told.verdict !== 'cannot tell')
    told = { verdict: told.verdict === 'good' ? 'bad' : 'good', why: told.why }
  console.log(`${told.verdict}: ${told.why.split('\n', 1)[0]}`)
  return codes[told.verdict]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main()
