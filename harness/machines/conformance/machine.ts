import { expect, test } from 'vitest'
import type { Subject } from './subject.ts'

/** What a machine says of itself. */
export function machineTests(subject: Subject): void {
  test('states its facts', async () => {
    const { facts, channel } = await subject.machine()
    expect(facts.kernel).toBe((await channel.run(['uname', '-r'])).stdout.toString().trim())
    expect(facts.arch).toBe((await channel.run(['uname', '-m'])).stdout.toString().trim())
    expect(facts.distro).not.toBe('')
  })

  test('answers what it can do, with a reason for what it cannot', async () => {
    const machine = await subject.machine()
    expect(await machine.can('tool:sh')).toEqual({ able: true })
    expect(await machine.can('tool:no-such-tool')).toEqual({
      able: false,
      reason: expect.stringContaining('no-such-tool') as string,
    })
    expect(await machine.can('link:veth')).toEqual({ able: true })
    const unknown = await machine.can('link:nosuchtype')
    expect(unknown).toEqual({ able: false, reason: expect.stringContaining('kernel has no nosuchtype') as string })
    const ipv6 = await machine.can('ipv6')
    if (!ipv6.able) expect(ipv6.reason).toContain('IPv6')
  })

  test('runs scripts’ commands in an environment that finds the tools', async () => {
    const { channel, environment } = await subject.machine()
    const found = await channel.run(['sh', '-c', 'for tool in bash ip ping; do command -v $tool; done'], {
      env: environment,
    })
    expect(found.stdout.toString().trim().split('\n')).toHaveLength(3)
  })
}
