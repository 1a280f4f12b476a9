import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'

/** What the jobs of this repository must do beside their commands; that those exist is tested with the linter. */

interface Step {
  readonly if?: string
  readonly run?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | number>>
}
interface Workflow {
  readonly on: { readonly schedule?: unknown }
  readonly concurrency?: { readonly 'cancel-in-progress': unknown }
  readonly jobs: Readonly<Record<string, { readonly env?: object; readonly steps: readonly Step[] }>>
}
const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => parse(readFileSync(join(root, path), 'utf8')) as unknown
const workflows = Object.fromEntries(
  globSync('.github/workflows/*.yml', { cwd: root }).map((path) => [path.replace(/.*\//, ''), read(path) as Workflow]),
)
const stepsOf = (file: string, job: string): readonly Step[] =>
  workflows[file]?.jobs[job]?.steps ?? expect.fail(`${file} has no job ${job}`)
const uses = (steps: readonly Step[], action: string) => steps.find((step) => step.uses?.startsWith(`${action}@`))

test('Vagrant’s conformance, and a harness killed at random moments, run each night', () => {
  const [step] = stepsOf('vagrant.yml', 'box').filter(({ run }) => run === 'npm run test:vm -- vagrant')
  expect(Number(step?.env?.['NETWRIGHT_CHAOS_ROUNDS'])).toBeGreaterThanOrEqual(10)
  // In a container that is root's; on a runner, root has to be asked.
  expect(stepsOf('kernels.yml', 'chaos').map(({ run }) => run)).toContain(
    'bash scripts/action/as-user.sh root npm run test:chaos',
  )
})

test('a job that runs the suites or the tests leaves a report when it fails', () => {
  for (const [file, job] of [
    ['ci.yml', 'test'],
    ['ci.yml', 'container'],
    ['kernels.yml', 'matrix'],
    ['vagrant.yml', 'box'],
  ] as const) {
    const steps = stepsOf(file, job)
    const upload = uses(steps, 'actions/upload-artifact')
    expect(upload?.if, `${file} ${job}`).toMatch(/always\(\)|failure\(\)/)
    expect(upload?.with?.['path'], `${file} ${job}`).toContain('netwright-report')
    expect(steps.find(({ run }) => run?.includes('--report netwright-report'))).toBeDefined()
    const summary = steps.find(({ run }) => run === 'bash scripts/action/summary.sh support.md')
    expect(summary?.if, `${file} ${job}`).toMatch(/always\(\)|failure\(\)/)
  }
})

test('the summary is the support table, or that there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netwright-summary-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const summary = join(folder, 'summary')
  const write = (file: string) => {
    writeFileSync(summary, '')
    const env = { ...process.env, GITHUB_STEP_SUMMARY: summary }
    execFileSync('bash', [join(root, 'scripts/action/summary.sh'), file], { cwd: folder, env })
    return readFileSync(summary, 'utf8')
  }
  writeFileSync(join(folder, 'support.md'), '# Support table\n')
  writeFileSync(join(folder, 'empty.md'), '')
  expect(write('support.md')).toBe('# Support table\n')
  for (const file of ['empty.md', 'nowhere.md']) expect(write(file)).toBe('There is no table; the log says why.\n')
})

test('a command of root’s has the job’s settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netwright-sudo-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // Like the one of a runner: nothing of the environment, and a PATH of its own.
  writeFileSync(join(folder, 'sudo'), '#!/bin/sh\necho sudo\nexec env -i PATH=/usr/bin:/bin "$@"\n', { mode: 0o755 })
  writeFileSync(join(folder, 'id'), '#!/bin/sh\necho 1001\n', { mode: 0o755 })
  const as = (user: string, ...command: readonly string[]) =>
    spawnSync('bash', [join(root, 'scripts/action/as-user.sh'), user, ...command], {
      encoding: 'utf8',
      env: {
        ...{ PATH: `${folder}:/usr/bin:/bin`, CI: 'true', NETWRIGHT_ACCEL: 'kvm', XDG_CACHE_HOME: '/a cache' },
        ...{ NPM_TOKEN: 'secret', GITHUB_STEP_SUMMARY: '/summary' },
      },
    })
  const said = as('root', 'env').stdout
  expect(said.startsWith('sudo\n')).toBe(true)
  for (const line of [`PATH=${folder}:/usr/bin:/bin`, 'CI=true', 'NETWRIGHT_ACCEL=kvm', 'XDG_CACHE_HOME=/a cache'])
    expect(said.split('\n')).toContain(line)
  expect(said).not.toContain('secret')
  expect(as('ordinary', 'echo', 'a  b').stdout).toBe('a  b\n')
  expect(as('root', 'sh', '-c', 'exit 3').status).toBe(3)
  expect(as('nobody', 'true').status).toBe(2)
})

test('a nightly run insists on KVM for its kernels, and no run by hand ends it', () => {
  const nightly = Object.entries(workflows).filter(([, { on }]) => on.schedule !== undefined)
  expect(nightly.map(([file]) => file).sort()).toEqual(['kernels.yml', 'vagrant.yml'])
  for (const [file, { concurrency }] of nightly) expect(concurrency?.['cancel-in-progress'], file).toBe(false)
  expect(workflows['kernels.yml']?.jobs['matrix']?.env).toMatchObject({ NETWRIGHT_ACCEL: 'kvm' })
})

test('kernels are kept when a job fails, too', () => {
  const own = read('action.yml') as { runs: { steps: readonly Step[] } }
  const prepare = read('.github/actions/prepare/action.yml') as typeof own
  const jobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
    Object.entries(jobs).map(([job, { steps }]) => ({ name: `${file} ${job}`, steps })),
  )
  // Those that boot VMs here.
  const boot = ['ci.yml test', 'kernels.yml matrix', 'kernels.yml chaos', 'vagrant.yml box', 'release.yml pack']
  const keep = [{ name: 'action.yml', steps: own.runs.steps }, ...jobs.filter(({ name }) => boot.includes(name))]
  expect(keep).toHaveLength(1 + boot.length)
  for (const { name, steps } of keep) {
    const save = uses(steps, 'actions/cache/save')
    expect(save?.if, name).toMatch(/^always\(\) && steps\.\w+\.outputs\.[\w-]+ != 'true'/)
    expect(save?.with, name).toMatchObject({ key: expect.stringContaining('outputs.') as string })
  }
  for (const { name, steps } of [...keep, ...jobs, { name: 'prepare', steps: prepare.runs.steps }])
    expect(uses(steps, 'actions/cache'), name).toBeUndefined()
  for (const { steps } of [own.runs, prepare.runs]) expect(uses(steps, 'actions/cache/restore')).toBeDefined()
})

test('new releases of the actions and packages that are pinned are proposed', () => {
  expect(existsSync(join(root, '.github/dependabot.yml'))).toBe(true)
  const { version, updates } = read('.github/dependabot.yml') as {
    version: number
    updates: readonly { 'package-ecosystem': string; directories: readonly string[]; schedule: { interval: string } }[]
  }
  expect(version).toBe(2)
  for (const { directories } of updates)
    for (const folder of directories) expect(existsSync(join(root, folder)), folder).toBe(true)
  const actions = updates.find((one) => one['package-ecosystem'] === 'github-actions')
  expect(actions?.directories).toEqual(['/', ...globSync('.github/actions/*', { cwd: root }).map((path) => `/${path}`)])
  const npm = updates.find((one) => one['package-ecosystem'] === 'npm')
  const locked = globSync('{,scripts/*/,examples/*/}package-lock.json', { cwd: root })
  expect(npm?.directories.toSorted()).toEqual(
    locked.map((path) => `/${path.replace(/\/?package-lock.json$/, '')}`).sort(),
  )
})
