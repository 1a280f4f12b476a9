import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { vmObstacle } from '../machines/vm/testing/vm-obstacle.ts'
import { packageRoot } from './package-place.ts'

const reason = await vmObstacle('6.1')

/** Runs the command as a user does. */
function netwright(...args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  const argv = [join(packageRoot, 'harness/cli/main.ts'), ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { maxBuffer: 2 ** 24 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : error.code, out, err })
    })
  })
}

test('doctor looks inside a VM: its tools, how it runs, what its kernel has', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const { code, out } = await netwright('doctor', '--on', 'vm:6.1', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    able: true,
    machine: { kind: 'vm', kernel: expect.stringMatching(/^6\.1\./) as string, privilege: 'root' },
    remarks: [expect.stringMatching(/^QEMU \S+ with (TCG|KVM): .+/) as string],
    tools: expect.arrayContaining([expect.objectContaining({ name: 'ip', path: expect.any(String) as string })]) as [],
    linkTypes: expect.arrayContaining([
      { name: 'ipvlan', able: true },
      { name: 'hsr', able: false, reason: 'kernel has no hsr: CONFIG_HSR is not set' },
    ]) as [],
  })
})

test('kernels lists what is cached with what it supports', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const { out } = await netwright('kernels', '--json')
  const { kernels } = JSON.parse(out) as { kernels: { machine: string }[] }
  expect(kernels.find(({ machine }) => machine === 'vm:6.1')).toMatchObject({
    state: 'cached',
    flavour: 'cloud',
    suite: 'bookworm',
    release: expect.stringMatching(/^6\.1\..*-cloud-amd64$/) as string,
    linkTypes: expect.arrayContaining(['ipvlan', 'macvlan', 'tun', 'vxlan']) as [],
  })
  expect((await netwright('kernels', 'fetch', '6.1')).err).toMatch(/^vm:6\.1: 6\.1\.\S+, cached already\n$/)
})

test('kernels says what is wrong with what it was asked', async () => {
  expect(await netwright('kernels', 'fetch', '6.2')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Did you mean "6.1"?') as string,
  })
  expect(await netwright('kernels', 'fetsh', '6.1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Did you mean "fetch"?') as string,
  })
})
