import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
let folder = ''

// What a user does: the packed tarball, installed into a project outside the source tree.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-example-'))
  await cp(join(root, 'examples', 'own-project'), folder, { recursive: true })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
}, 180_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

const asUser = { ...process.env, NO_COLOR: '1', CI: '' }
for (const name of Object.keys(asUser)) if (/^(VITEST|NETWRIGHT|npm_)/.test(name)) Reflect.deleteProperty(asUser, name)

/** What a command printed that must fail. */
async function outputOfFailure(args: readonly string[]): Promise<string> {
  try {
    await run(process.execPath, args, { cwd: folder, env: asUser })
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error)
      return `${String(error.stdout)}${String(error.stderr)}`
    throw error
  }
  return expect.fail(`${args.join(' ')} did not fail`)
}

test('scenarios run as tests of the user’s own vitest', async () => {
  const { stdout } = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: folder,
    env: asUser,
  })
  expect(stdout).toContain('Tests  2 passed (2)')
}, 60_000)

test('a wrong expectation fails with both matrices and the story', async () => {
  const file = join(folder, 'tests', 'wrong.test.ts')
  const right = await readFile(join(folder, 'tests', 'pod-network.test.ts'), 'utf8')
  await writeFile(file, right.replace("blocked('no-route')", "blocked('netfilter-drop')"))
  const failed = await outputOfFailure(['node_modules/vitest/vitest.mjs', 'run', 'wrong'])
  expect(failed).toContain('blocked: netfilter-drop')
  expect(failed).toContain('blocked: no-route')
  expect(failed).toContain('ENETUNREACH')
  await rm(file)
}, 60_000)

test('the published types check the names of places', async () => {
  const right = "scenario(pods, 'x').expect({ web: { db: reached } })"
  const source = `
import { reached, topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'
const pods = topology('t', { underlay: underlay().wire('lan').host('node1', { eth0: 'lan' }), namespaces: { node1: ['web', 'db'] } })
`
  await writeFile(join(folder, 'right.ts'), `${source}${right}\n`)
  await writeFile(join(folder, 'wrong.ts'), `${source}${right.replace('web:', 'wbe:')}\n`)
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024']
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), ...options]
  await run(process.execPath, [...tsc, 'right.ts'], { cwd: folder })
  const wrong = await outputOfFailure([...tsc, 'wrong.ts'])
  expect(wrong).toMatch(/wbe/)
}, 60_000)

test('the command is installed', async () => {
  const { stdout } = await run(process.execPath, ['node_modules/netwright/bin/netwright.js', '--help'], {
    cwd: folder,
    env: asUser,
  })
  expect(stdout).toContain('netwright')
  expect(stdout).toContain('doctor')
}, 60_000)
