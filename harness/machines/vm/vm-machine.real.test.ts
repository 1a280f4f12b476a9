import { expect, test, vi } from 'vitest'
import { machineConformance } from '../../conformance.ts'
import type { Machine } from '../machine.ts'
import { vmObstacle } from './testing/vm-obstacle.ts'
import { vmMachine } from './vm-machine.ts'

// Emulated processors are an order slower, and the first run fetches the kernel.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const kernelName = '6.1'

const reason = await vmObstacle(kernelName)
if (reason === undefined) {
  machineConformance(`vm:${kernelName}`, () => vmMachine(kernelName), {
    module: new URL('./vm-machine.ts', import.meta.url),
    start: 'vmMachine',
    args: [kernelName],
  })
  guestTests()
} else {
  test(`vm:${kernelName}`, (context) => {
    context.skip(reason)
  })
}

function guestTests(): void {
  const used = async (action: (machine: Machine) => Promise<void>): Promise<void> => {
    const machine = await vmMachine(kernelName)
    try {
      await action(machine)
    } finally {
      await machine.dispose()
    }
  }

  test('a guest that panics is reported with its console, and the next sandbox gets a new one', () =>
    used(async (machine) => {
      const sandbox = await machine.openSandbox()
      const waiting = sandbox.run(['sleep', '1000']).catch((error: unknown) => error)
      await machine.channel.run(['sh', '-c', 'echo c >/proc/sysrq-trigger']).catch(() => undefined)
      const error = await waiting
      expect(error).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
      expect(String(error)).toMatch(/the guest's kernel (panicked|oopsed): /)
      expect(String(error)).toContain('Call Trace')
      const next = await machine.openSandbox()
      expect((await next.run(['echo', 'again'])).stdout.toString()).toBe('again\n')
    }))
}
