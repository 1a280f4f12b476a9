import { restoreNode, startSession } from '../../harness/machines/vagrant/session.ts'
import { vagrantObstacle } from '../../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { vagrantMachine } from '../../harness/machines/vagrant/vagrant-machine.ts'
import type { VmFigure } from './vm.ts'

const boxName = 'debian12'
const commands = 100

/**
 * Measures what Vagrant boxes cost, with the box built before: two nodes up, putting one back, a command.
 *
 * @returns why nothing could be measured, when it could not
 */
export async function measureBoxes(add: (figure: VmFigure) => void): Promise<string | undefined> {
  const reason = await vagrantObstacle(boxName)
  if (reason !== undefined) return reason
  const name = `vagrant:${boxName}`
  const startedAt = performance.now()
  const pair = await startSession([boxName, boxName])
  const up = (performance.now() - startedAt) / 1000
  try {
    const [first] = pair.nodes
    add({ what: `${name}: two nodes up, connected`, measured: up, unit: 's', most: 60, note: pair.remark })
    if (first !== undefined) {
      const seconds = await timed(() => restoreNode(pair, first))
      add({ what: `${name}: put back, connected`, measured: seconds, unit: 's', most: 6, note: 'one node of the two' })
    }
  } finally {
    await pair.stop()
  }
  const machine = await vagrantMachine(boxName)
  try {
    const sandbox = await machine.openSandbox()
    const milliseconds: number[] = []
    for (let i = 0; i < commands; i++) milliseconds.push(1000 * (await timed(() => sandbox.run(['true']))))
    const sorted = milliseconds.toSorted((a, b) => a - b)
    const [fastest = 0, median = 0] = [sorted[0], sorted[commands / 2]]
    const note = `median of ${String(commands)}; the fastest ${fastest.toFixed(1)}`
    add({ what: `${name}: command in a lab`, measured: median, unit: 'ms', most: 80, note })
  } finally {
    await machine.dispose()
  }
  return undefined
}

/** Seconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}
