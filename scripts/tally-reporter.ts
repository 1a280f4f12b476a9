import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Counts the tests for the closing line of `npm test`, and names every skipped test with its reason: a skip that
 * nobody sees is a hole.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tally = { passed: 0, failed: errors.length, skipped: 0 }
    const skips: string[] = []
    for (const module of modules) {
      // A file that breaks while it is loaded has no failed test.
      if (module.state() === 'failed' && module.errors().length > 0) tally.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') tally.passed += 1
        else if (result.state === 'skipped') {
          tally.skipped += 1
          skips.push(`  ${test.fullName}: ${result.note ?? 'no reason given'}`)
        }
        // A test that never came to its end has not passed.
        else tally.failed += 1
      }
    }
    if (skips.length > 0) console.log(`Skipped:\n${skips.join('\n')}`)
    const descriptor = process.env['NETWRIGHT_TALLY_FD']
    if (descriptor) writeSync(Number(descriptor), JSON.stringify(tally))
  }
}
