import { machineConformance } from 'netwright/conformance'
import { test } from 'vitest'
import { teapotMachine } from './fixtures/teapot-machine.ts'

// With what the package exports, as somebody would who has nothing else of it. (How it ends after SIGKILL is up to the same
// processes as on `local`.)
if (process.geteuid?.() === 0) {
  machineConformance('teapot', () => teapotMachine())
} else {
  test('a machine of a kind of one’s own', (context) => {
    context.skip('it is written for root')
  })
}
