import { test, vi } from 'vitest'
import { machineConformance } from '../../conformance.ts'
import { vagrantObstacle } from './testing/vagrant-obstacle.ts'
import { vagrantMachine } from './vagrant-machine.ts'

// The first run builds the box; emulated processors are an order slower.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const boxName = 'debian12'

const reason = await vagrantObstacle(boxName)
if (reason === undefined) {
  machineConformance(`vagrant:${boxName}`, () => vagrantMachine(boxName))
} else {
  test(`vagrant:${boxName}`, (context) => {
    context.skip(reason)
  })
}
