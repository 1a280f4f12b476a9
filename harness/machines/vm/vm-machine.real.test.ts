import { execFileSync } from 'node:child_process'
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
  machineConformance(`vm:${kernelName}`, () => vmMachine(kernelName))
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

  test('leaves no QEMU when the harness is killed', async () => {
    const script = `
      const { vmMachine } = await import(${JSON.stringify(new URL('vm-machine.ts', import.meta.url).href)})
      const machine = await vmMachine('${kernelName}')
      await machine.openSandbox()
      process.kill(process.pid, 'SIGKILL')`
    const marker = `nw-${process.pid}`
    expect(() =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, NETWRIGHT_TEST: marker },
        stdio: 'pipe',
      }),
    ).toThrow()
    await expect.poll(() => processesWith(`NETWRIGHT_TEST=${marker}`), { timeout: 5000 }).toEqual([])
  })
}

/** The command lines of the processes whose environment holds a text. */
function processesWith(text: string): readonly string[] {
  const script =
    'for d in /proc/[0-9]*; do { tr "\\0" "\\n" <$d/environ | grep -qx "$1" && tr "\\0" " " <$d/cmdline; } 2>/dev/null; done; :'
  return execFileSync('sh', ['-c', script, 'sh', text])
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}
