import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { vmObstacle } from '../machines/vm/testing/vm-obstacle.ts'
import { packageRoot } from './package-place.ts'

const reason = await vmObstacle('6.1')
const main = join(packageRoot, 'harness/cli/main.ts')

const wrong = `
import { blocked, topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
scenario(topology('pair', { underlay: hosts }), 'b is out of reach').expect({ a: { b: blocked('no-route') } })
`

/** Runs the command as a user does. */
function netwright(...args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  const argv = [main, ...args]
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

test('--keep keeps a lab in a VM; the printed command enters it, and Enter lets it go', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const folder = await mkdtemp(join(tmpdir(), 'netwright-keep-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'wrong.suite.ts'), wrong)
  const run = spawn(process.execPath, [main, 'run', '--keep', '--on', 'vm:6.1'], { cwd: folder, stdio: 'pipe' })
  let said = ''
  run.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(run, 'close')
  await expect.poll(() => said, { timeout: 60_000, interval: 20 }).toContain('Enter lets it go')
  const [, inA = ''] = /^ {2}a +netwright (.*)$/m.exec(said) ?? []
  const inside = await netwright(...inA.split(' '), '--exec', 'uname -r; ip -4 -br addr show eth0; exit 7')
  expect(inside.out).toMatch(/^6\.1\.[^]*10\.0\.0\.1\/24/)
  expect(inside.code).toBe(7)
  expect(await netwright(...inA.split(' '))).toMatchObject({
    code: 2,
    err: expect.stringContaining('a shell needs a terminal') as string,
  })
  run.stdin.write('\n')
  expect(await ended).toEqual([1, null])
  expect((await netwright(...inA.split(' '), '--exec', 'true')).err).toMatch(/process \d+ keeps no lab/)
})

test('lab opens a shell in a VM: a terminal of its own, with the size of ours', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const command = `stty rows 33 cols 99; ${process.execPath} ${main} lab veth-pair --ns ns1 --on vm:6.1; echo code $?`
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' })
  // The end of its stdin is Ctrl-D, which ends the shell.
  onTestFinished(() => void child.stdin.end())
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  const shows = (text: string | RegExp) => expect.poll(() => shown, { timeout: 60_000, interval: 20 }).toMatch(text)
  await shows('host/ns1:/# ')
  // What is to be interrupted says itself that it runs: before, the shell has the terminal, and waits for it all the same.
  child.stdin.write('stty size; uname -r; sh -c "echo wai\'\'ting; exec sleep 1000"\r')
  await shows(/33 99\r+\n6\.1\.[^]*waiting/)
  child.stdin.write('\x03exit 4\r')
  await shows('code 4')
})
