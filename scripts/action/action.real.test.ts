import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../setup.mjs'

/*
 * The shell steps of action.yml as a runner runs them: the inputs as environment, files for the summary and the outputs,
 * and the folder of a project as working directory. The steps that are actions of others are left out.
 */

interface Step {
  readonly id?: string
  readonly name?: string
  readonly if?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Readonly<Record<string, { readonly default: string }>>
  runs: { readonly steps: readonly Step[] }
}

let project = ''
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'netwright-action-'))
  cpSync(join(root, 'examples', 'own-project'), project, { recursive: true })
  // As `npm install` of a folder does: the package as it lies here, and beside it vitest.
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(root, join(project, 'node_modules', 'netwright'))
  symlinkSync(join(root, 'node_modules', 'vitest'), join(project, 'node_modules', 'vitest'))
  symlinkSync('../netwright/bin/netwright.js', join(project, 'node_modules', '.bin', 'netwright'))
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const stepCalled = (name: string): Step => {
  const step = action.runs.steps.find((one) => (one.id ?? one.name) === name)
  return step ?? expect.fail(`action.yml has no step ${name}`)
}

interface Done {
  readonly code: number | null
  readonly output: string
  readonly summary: string
  readonly outputs: string
}

/** Runs a step with inputs; those that are not given have the default of action.yml. */
function runStep(name: string, inputs: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}): Done {
  const { run = '', env: wanted = {} } = stepCalled(name)
  const files = mkdtempSync(join(tmpdir(), 'netwright-runner-'))
  const file = (name: string) => {
    writeFileSync(join(files, name), '')
    return join(files, name)
  }
  const [summary, outputs] = [file('summary'), file('outputs')]
  const evaluated = Object.fromEntries(
    Object.entries(wanted).map(([variable, text]) => {
      const value = text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => {
        return inputs[input] ?? action.inputs[input]?.default ?? expect.fail(`there is no input ${input}`)
      })
      expect(value, variable).not.toContain('${{')
      return [variable, value]
    }),
  )
  const clean = Object.entries(process.env).filter(([variable]) => !/^(VITEST|NETWRIGHT|npm_)/.test(variable))
  // Shell options and name as the runner has them for `shell: bash`.
  const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
    cwd: project,
    encoding: 'utf8',
    // With a socket as standard input bash would take itself for started by rshd, and read its start-up files.
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(clean),
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      CI: 'true',
      GITHUB_ACTION_PATH: root,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_OUTPUT: outputs,
      ...evaluated,
      ...env,
    },
  })
  const done = {
    code: status,
    output: `${stdout}${stderr}`,
    summary: readFileSync(summary, 'utf8'),
    outputs: readFileSync(outputs, 'utf8'),
  }
  rmSync(files, { recursive: true })
  return done
}

const suites = { on: 'local', suites: 'tests/pod-network.test.ts' }

test('the support table is the summary, and the report is where the outputs say', () => {
  const { code, output, summary, outputs } = runStep('matrix', suites)
  expect(code, output).toBe(0)
  expect(summary).toMatch(/^# Support table/)
  expect(summary).toMatch(/\| local +\| .* \| 2 +\| 0 +\| 0 +\|/)
  expect(outputs).toBe(`report=${join(project, 'netwright-report')}\n`)
  expect(readFileSync(join(project, 'netwright-report', 'index.html'), 'utf8')).toContain('<html')
}, 60_000)

test('suites are words, titles may have blanks; a failing scenario fails the step, with its table', () => {
  const file = join(project, 'tests', 'wrong.suite.ts')
  const right = readFileSync(join(project, 'tests', 'pod-network.test.ts'), 'utf8')
  writeFileSync(file, right.replace("blocked('no-route')", "blocked('netfilter-drop')"))
  const done = runStep('matrix', {
    on: 'local',
    suites: 'tests/pod-network.test.ts tests/wrong.suite.ts',
    title: 'a default route',
    report: 'elsewhere',
  })
  rmSync(file)
  expect(done.code, done.output).toBe(1)
  // One scenario of each file has that title.
  expect(done.summary).toMatch(/\| local +\| .* \| 1 +\| 1 +\| 0 +\|/)
  expect(done.outputs).toBe(`report=${join(project, 'elsewhere')}\n`)
}, 60_000)

test('a project without the package, and a machine that does not exist, are told', () => {
  const bin = join(project, 'node_modules', '.bin', 'netwright')
  const unknown = runStep('matrix', { ...suites, on: 'vm:6.100' })
  expect(unknown.code).toBe(2)
  expect(unknown.output).toContain('NETWRIGHT_UNKNOWN_KERNEL')
  expect(unknown.summary).toBe('`netwright matrix --on vm:6.100` ended with 2 and made no table; the log says why.\n')
  rmSync(bin)
  const without = runStep('matrix', suites)
  symlinkSync('../netwright/bin/netwright.js', bin)
  expect(without.code).toBe(2)
  expect(without.output).toContain('npm install --save-dev netwright vitest')
})

test('the key of the cache changes with the machines and the month, and has no comma', () => {
  const key = (on: string) => runStep('cache-key', { on }).outputs
  expect(key('local,vm:6.1')).toMatch(/^kernels=netwright-kernels-\d{4}-\d\d-[0-9a-f]{16}\n$/)
  expect(key('local,vm:6.1')).not.toBe(key('local,vm:6.12'))
})

test('the project’s packages are installed by the command that was given', () => {
  const step = "Install the project's packages"
  expect(runStep(step, { install: 'echo "in $PWD" && echo done' }).output).toBe(`in ${project}\ndone\n`)
  expect(runStep(step, { install: 'false; echo went on' })).toMatchObject({ code: 1, output: '' })
})

// Writes into /etc and installs packages: here by commands that only say what they were called with.
test('the machine is made ready by commands of root', () => {
  const shims = mkdtempSync(join(tmpdir(), 'netwright-shims-'))
  const log = join(shims, 'log')
  for (const name of ['sudo', 'apt-get', 'udevadm', 'tee', 'sysctl']) {
    const script = name === 'sysctl' ? 'if [ "$1" = -n ]; then echo 1; exit; fi' : name === 'sudo' ? 'exec "$@"' : ''
    writeFileSync(join(shims, name), `#!/bin/sh\necho "${name} $*" >>${log}\n${script}\n`, { mode: 0o755 })
  }
  writeFileSync(log, '')
  const path = [shims, dirname(process.execPath), process.env['PATH']].join(delimiter)
  const { code, output } = runStep('Make the machine ready for labs and VMs', {}, { PATH: path })
  expect(code, output).toBe(0)
  expect(readFileSync(log, 'utf8')).toContain('sysctl -w kernel.apparmor_restrict_unprivileged_userns=0')
  expect(output.includes('VMs are emulated')).toBe(!existsSync('/dev/kvm'))
  rmSync(shims, { recursive: true })
})

test('the packages that are missing are named in one line', () => {
  const names = execFileSync(process.execPath, [join(root, 'scripts/action/missing-packages.mjs')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '/nonexistent' },
  })
  expect(names).toMatch(/^[a-z0-9 +.-]*\n$/)
})
