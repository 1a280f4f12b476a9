import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startOrSkip } from '../machines/container/testing/start-or-skip.ts'
import { supportSchema } from '../report/support-schema.ts'
import { packageRoot } from './package-place.ts'

const bin = join(packageRoot, 'bin', 'netwright.js')
const nowhere = 'unix:///nowhere/docker.sock'
let folder = ''
let engineHost = nowhere

const suite = `
import { document, topology, underlay, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
const notes = document('notes', 'Notes', { N1: 'a reaches b', N2: 'nobody has this device' })
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
const pair = topology('pair', { underlay: hosts })
scenario(pair, 'a reaches b', { claim: notes.claim('N1') }).expect({ a: { b: reached } })
scenario(pair, 'no kernel has it', { claim: notes.claim('N2'), needs: ['link:nosuchdevice'] }).expect({ a: { b: reached } })
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-matrix-'))
  await writeFile(join(folder, 'notes.suite.ts'), suite)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the command where no kernel is cached and none can be fetched, and no engine answers unless one is named. */
async function netwright(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', CI: '' }
  for (const name of Object.keys(env)) if (/^(VITEST|NETWRIGHT|npm_|FORCE_COLOR)/.test(name)) env[name] = undefined
  Object.assign(env, { XDG_CACHE_HOME: join(folder, 'cache'), NETWRIGHT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian' })
  env['DOCKER_HOST'] = engineHost
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...said }
}

test('machines that cannot start leave the others alone, their columns say why, and the exit code is 3', async () => {
  const report = join(folder, 'report')
  const files = ['--markdown', 'table.md', '--html', 'table.html', '--json', '-', '--report', report]
  const box = 'vagrant:debian12?provider=virtualbox'
  const { code, out, err } = await netwright('matrix', '--on', `local,container,vm:6.1,${box}`, ...files)
  expect(code).toBe(3)
  expect(err).toContain(`netwright: asked for and not run: container, vm:6.1, ${box}; the table says why`)
  const table = supportSchema.parse(JSON.parse(out))
  expect(table.machines.map(({ name, met, skipped }) => [name, met, skipped])).toEqual([
    ['local', 1, 1],
    ['container', 0, 0],
    ['vm:6.1', 0, 0],
    [box, 0, 0],
  ])
  const [, container, vm, vagrant] = table.machines
  expect(container?.notRun).toMatch(/NETWRIGHT_NO_ENGINE[^]*next: Start Docker/)
  expect(vm?.notRun).toMatch(/NETWRIGHT_(KERNEL_NOT_FETCHED|TOOL_MISSING|UNSUPPORTED)/)
  expect(vagrant?.notRun).toMatch(/NETWRIGHT_UNSUPPORTED[^]*next: It is for libvirt/)
  expect(table.claims.map(({ id, cells }) => [id, ...cells.map(({ status }) => status)])).toEqual([
    ['notes N1', 'confirmed', 'not run', 'not run', 'not run'],
    ['notes N2', 'not supported', 'not run', 'not run', 'not run'],
  ])
  expect(err).toContain('2 claims on 1 of 4 machines · 1 met · 0 not met · 1 skipped')
  const markdown = await readFile(join(folder, 'table.md'), 'utf8')
  expect(markdown).toContain('| N1 | a reaches b | ✓ confirmed | ! not run | ! not run | ! not run |')
  expect(markdown).toMatch(/^- container: No container engine answers .*NO\\_ENGINE.*; next: Start Docker/m)
  expect(await readFile(join(folder, 'table.html'), 'utf8')).toContain('✓ confirmed')
  expect(await readdir(join(report, 'captures', 'local'))).toHaveLength(1)
  const page = await readFile(join(report, 'index.html'), 'utf8')
  const errors = embedded(page, 'widgets/globals.json') as { errors: { message: string }[] }
  expect(errors.errors.map(({ message }) => message.split(' cannot run: ', 1)[0])).toEqual(['container', 'vm:6.1', box])
})

test('machines of one kernel fill one table, and are environments of one report', async (context) => {
  const engine = await startOrSkip('docker')
  if (typeof engine === 'string') return context.skip(engine)
  engineHost = engine.host
  try {
    const report = join(folder, 'two')
    const { code, out, err } = await netwright('matrix', '--on', 'local,container', '--json', '-', '--report', report)
    expect(err).toContain('2 claims on 2 of 2 machines · 2 met · 0 not met · 2 skipped')
    expect(code).toBe(0)
    const { machines, claims } = supportSchema.parse(JSON.parse(out))
    expect(machines.map(({ facts }) => facts?.kind)).toEqual(['local', 'container'])
    expect(claims[0]?.cells.map(({ status }) => status)).toEqual(['confirmed', 'confirmed'])
    const page = await readFile(join(report, 'index.html'), 'utf8')
    const environments = embedded(page, 'widgets/environments.json') as { name: string }[]
    const kernel = machines[0]?.facts?.kernel ?? ''
    expect(environments.map(({ name }) => name)).toEqual(
      expect.arrayContaining([`local (${kernel})`, `container (${kernel})`]),
    )
  } finally {
    engineHost = nowhere
    await engine.stop()
  }
})

test('an expectation that is not met counts more than a machine that cannot run', async () => {
  const file = join(folder, 'wrong.suite.ts')
  const wrong = suite
    .replace('underlay, reached }', 'underlay, blocked }')
    .replaceAll('b: reached', "b: blocked('no-route')")
  await writeFile(file, wrong)
  onTestFinished(() => rm(file))
  const { code, out } = await netwright('matrix', 'wrong.suite.ts', '--on', 'local,container')
  expect(out).toContain('1 not met')
  expect(code).toBe(1)
})

/** A file that Allure has put into its page. */
function embedded(page: string, name: string): unknown {
  const data = new RegExp(`["']${name}["']\\s*,\\s*["']([^"']*)`).exec(page)?.[1]
  return JSON.parse(Buffer.from(data ?? '', 'base64').toString())
}

test('nothing that ran anywhere is exit code 3, with the reasons', async () => {
  const { code, out, err } = await netwright('matrix', '--on', 'vm:5.10', '--on', 'vm:6.1')
  expect(code).toBe(3)
  expect(out).toContain('0 claims on 0 of 2 machines')
  expect(err).toContain('none of these machines can run any of it: vm:5.10: ')
})

test.each([
  [['--on', 'local,vm:6.0'], 'Did you mean "6.1"?'],
  [['--on', 'auto'], '--on auto is no column'],
  [[], 'which machines?'],
  [['--on', 'local', '--json', '-', '--html', '-'], 'two tables cannot both go to standard output'],
])('wrong usage is told before anything runs: matrix %j', async (args, text) => {
  const { code, out, err } = await netwright('matrix', ...args)
  expect(err).toContain(text)
  expect(out).toBe('')
  expect(code).toBe(2)
})

test('what neither this machine nor a VM can run is skipped with both reasons', async () => {
  const { code, out } = await netwright('run')
  expect(code).toBe(0)
  expect(out).toContain('1 met · 0 not met · 1 skipped')
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(/kernel has no nosuchdevice: [^;]*; no VM: /)
})
