import { execFileSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import type { Machine } from '../machine.ts'
import { vmObstacle } from './testing/vm-obstacle.ts'
import { vmMachine, type VmOptions } from './vm-machine.ts'

// A guest that breaks is told within its deadline, with its console, and the next lab gets a new one.

vi.setConfig({ testTimeout: 120_000 })

const kernelName = '6.1'
const reason = await vmObstacle(kernelName)

/** Runs a command in a sandbox that lasts while the machine is broken; answers how that was told, and how late. */
async function broken(
  options: VmOptions,
  breakIt: (machine: Machine) => unknown,
): Promise<{ readonly error: unknown; readonly ms: number }> {
  const machine = await vmMachine(kernelName, options)
  try {
    const sandbox = await machine.openSandbox()
    const waiting = sandbox.run(['sleep', '1000']).then(
      () => 'it went on',
      (error: unknown) => error,
    )
    const startedAt = performance.now()
    await Promise.resolve(breakIt(machine)).catch(() => undefined)
    const error = await waiting
    const ms = performance.now() - startedAt
    const next = await machine.openSandbox()
    expect((await next.run(['echo', 'again'])).stdout.toString()).toBe('again\n')
    expect(await machine.trouble?.()).toBeUndefined()
    return { error, ms }
  } finally {
    await machine.dispose()
  }
}

const inGuest = (script: string) => (machine: Machine) => machine.channel.run(['sh', '-c', script])

if (reason === undefined) chaosTests()
else test('guests that break', (context) => context.skip(reason))

function chaosTests(): void {
  test('a guest that hangs', async () => {
    const silentMs = 4000
    const { error, ms } = await broken({ silentMs }, () => {
      const pid = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'qemu-system'])
        .toString()
        .trim()
      process.kill(Number(pid), 'SIGSTOP')
    })
    expect(error).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
    expect(String(error)).toContain('the guest has not answered for 4 s')
    expect(String(error)).toMatch(/The guest's console ended with:|The guest wrote nothing to its console/)
    expect(ms).toBeLessThan(3 * silentMs)
  })

  test('a guest whose memory is full', async () => {
    const fill = 'perl -e \'push @all, "x" x 1e6 while 1\''
    const { error, ms } = await broken({}, inGuest(fill))
    expect(error).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
    expect(String(error)).toMatch(/the guest's kernel ran out of memory: .*Out of memory: Killed process/)
    expect(String(error)).toContain("The guest's console ended with:")
    expect(ms).toBeLessThan(30_000)
  })

  test('a guest whose channel breaks while a command runs', async () => {
    const cut =
      'for port in /sys/bus/virtio/drivers/virtio_console/virtio*; do echo ${port##*/} >${port%/*}/unbind; done'
    const { error, ms } = await broken({ silentMs: 4000 }, inGuest(cut))
    expect(error).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
    expect(String(error)).toMatch(/the guest's kernel panicked|the guest has not answered for 4 s/)
    expect(ms).toBeLessThan(15_000)
  })

  test('a guest whose kernel warns', async () => {
    // Written to the log in the kernel's own words: no sound kernel warns on demand.
    const line = 'WARNING: CPU: 0 PID: 1 at net/core/dev.c:1234 dev_do_it+0x1/0x2'
    let told: string | undefined
    const { error } = await broken({}, async (machine) => {
      await inGuest(`echo '<4>${line}' >/dev/kmsg`)(machine)
      told = await machine.trouble?.()
    })
    expect(told).toContain(`the guest's kernel warned: `)
    expect(String(error)).toContain(`the guest's kernel warned:`)
    expect(String(error)).toContain(line)
  })

  test('a guest that floods its console goes on, and is told as little as an error can show', async () => {
    const machine = await vmMachine(kernelName)
    try {
      const sandbox = await machine.openSandbox()
      const flood = machine.channel.run(['sh', '-c', 'yes flood >/dev/console'], { timeoutMs: 3000 })
      let answers = 0
      const until = performance.now() + 2500
      while (performance.now() < until) {
        await sandbox.ping()
        answers++
      }
      expect(answers).toBeGreaterThan(5)
      expect((await flood).timedOut).toBe(true)
      expect((await sandbox.run(['echo', 'well'])).stdout.toString()).toBe('well\n')
      const crash = machine.channel.run(['sh', '-c', 'echo c >/proc/sysrq-trigger'])
      const error = await crash.catch((thrown: unknown) => thrown)
      expect(String(error)).toMatch(/the guest's kernel (panicked|oopsed): /)
      expect(String(error).length).toBeLessThan(8000)
    } finally {
      await machine.dispose()
    }
  })
}
