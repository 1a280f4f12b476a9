import { writeSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, TestModule } from 'vitest/node'

/** Characters that are shown of a failure's message, of its begin and of its end. */
const shownMessage = 300

/**
 * Counts the tests for the closing line of `npm test`, and names every skipped test with its reason: a skip that
 * nobody sees is a hole. The tally also has the failures, and the tests that failed once and passed when they ran again, so
 * that the end of a log tells them.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const [flaky, failures]: [string[], string[]] = [[], []]
    const tally = { passed: 0, failed: errors.length, skipped: 0, flaky, failures }
    const skips: string[] = []
    for (const module of modules) {
      // A file that breaks while it is loaded has no failed test.
      if (module.state() === 'failed' && module.errors().length > 0) tally.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') {
          tally.passed += 1
          if (test.diagnostic()?.flaky === true) flaky.push(entry(module, test.fullName, result.errors))
        } else if (result.state === 'skipped') {
          tally.skipped += 1
          skips.push(`  ${test.fullName}: ${result.note ?? 'no reason given'}`)
        }
        // A test that never came to its end has not passed.
        else {
          tally.failed += 1
          failures.push(entry(module, test.fullName, result.errors))
        }
      }
    }
    if (skips.length > 0) console.log(`Skipped:\n${skips.join('\n')}`)
    const descriptor = process.env['NETWRIGHT_TALLY_FD']
    if (descriptor) writeSync(Number(descriptor), JSON.stringify(tally))
  }
}

const entry = (module: TestModule, name: string, errors: readonly { readonly message: string }[] = []): string => {
  const whole = stripVTControlCharacters(errors[0]?.message ?? 'it never ended').trim()
  const message =
    whole.length <= 2 * shownMessage ? whole : `${whole.slice(0, shownMessage)} … ${whole.slice(-shownMessage)}`
  return `  ${module.relativeModuleId}: ${name}\n    ${message.replaceAll('\n', '\n    ')}`
}
