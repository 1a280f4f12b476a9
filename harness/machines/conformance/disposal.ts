import { expect, test } from 'vitest'
import { NetwrightError } from '../../model/errors.ts'
import type { Subject } from './subject.ts'

/** How a machine ends. */
export function disposalTests(subject: Subject): void {
  test('ends its channel and its sandboxes with it, may be told so twice, and leaves others of its kind alone', async () => {
    const machine = await subject.another()
    const { channel } = machine
    const sandbox = await machine.openSandbox()
    await machine.can('link:veth') // in a sandbox of the machine's own
    const waits = [channel, sandbox].map((one) => one.run(['sleep', '1000']).catch((error: unknown) => error))
    const startedAt = performance.now()
    await machine.dispose()
    const gone = { code: 'NETWRIGHT_CHANNEL_CLOSED' }
    for (const error of await Promise.all(waits)) expect(error).toMatchObject(gone)
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    for (const one of [channel, sandbox]) await expect(one.ping()).rejects.toMatchObject(gone)
    await machine.dispose()
    // It does not start again either.
    await expect(machine.openSandbox()).rejects.toBeInstanceOf(NetwrightError)
    const other = await (await subject.machine()).openSandbox()
    expect(await other.run(['true'])).toMatchObject({ code: 0 })
    await other.close()
  })
}
