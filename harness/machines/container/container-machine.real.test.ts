import { afterAll, expect, test } from 'vitest'
import { machineConformance } from '../../conformance.ts'
import { startEngine, type Engine } from '../../../scripts/engine/engine.ts'
import { containerMachine, containerObstacle } from './container-machine.ts'

/** An engine of this test's own where none answers, or the one that does starts no privileged containers. */
let engine: Engine | undefined
let reason = await containerObstacle()
if (reason !== undefined) {
  try {
    engine = await startEngine()
    process.env['DOCKER_HOST'] = engine.host
    reason = await containerObstacle()
  } catch (error) {
    reason = `${reason}; ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`
  }
}

afterAll(() => engine?.stop())

if (reason === undefined) {
  machineConformance('container', () => containerMachine())
} else {
  test('container', (context) => {
    context.skip(reason)
  })
}

test.runIf(reason === undefined)('says which machine it is', async () => {
  const machine = await containerMachine()
  expect(machine.facts).toMatchObject({ kind: 'container', privilege: 'root' })
  await machine.dispose()
})
