import { spawnSync } from 'node:child_process'
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

/**
 * Runs a step with inputs; those that are not given have the default of action.yml.
 *
 * @param without - programs that the step does not find, since they are hidden in a mount namespace of its own
 */
function runStep(
  name: string,
  inputs: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = {},
  without: readonly string[] = [],
): Done {
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
  const shell = ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', run]
  const [program = '', ...args] = without.length === 0 ? shell : [...hiding(without), ...shell]
  const { status, stdout, stderr } = spawnSync(program, args, {
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

/** Runs a command where programs are no programs: nothing is executable about /dev/null. */
const hiding = (programs: readonly string[]): readonly string[] => [
  ...['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), 'sh', '-c'],
  `for p in ${programs.join(' ')}; do
    for f in /usr/bin /bin /usr/local/bin /usr/sbin /sbin /usr/local/sbin; do
      [ ! -x "$f/$p" ] || mount --bind /dev/null "$f/$p" || exit 120
    done
  done; exec "$@"`,
  'hiding',
]

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

/** Programs of this machine that are hidden from a step, and packages that its archive does not have. */
interface Poorer {
  readonly without: readonly string[]
  readonly refused: readonly string[]
  /** Programs that are found before its own: shell scripts by name. */
  readonly more?: Readonly<Record<string, string>>
}

/**
 * Makes a machine ready by commands that only say what they were called with: the real ones write into /etc and install
 * packages. Of a package that it has, this apt-get brings a program of the same name; of one that it has not, the real
 * one installs nothing at all.
 */
function prepare(on: string, { without, refused, more = {} }: Poorer): Done & { readonly log: string } {
  const shims = mkdtempSync(join(tmpdir(), 'netwright-shims-'))
  const log = join(shims, 'log')
  const scripts = {
    sudo: 'exec "$@"',
    'apt-get': `case " $* " in *" install "*) ;; *) exit ;; esac
while [ $# -gt 0 ] && [ "$1" != --no-install-recommends ]; do shift; done; shift
for p in "$@"; do case "$p" in ${[...refused, 'none'].join('|')}) echo "E: Unable to locate package $p" >&2; exit 100;; esac; done
for p in "$@"; do printf '#!/bin/sh\n' >${shims}/\${p%-base} && chmod +x ${shims}/\${p%-base}; done`,
    udevadm: '',
    tee: '',
    sysctl: 'if [ "$1" = -n ]; then echo 1; exit; fi',
    ...more,
  }
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(shims, name), `#!/bin/sh\necho "${name} $*" >>${log}\n${script}\n`, { mode: 0o755 })
  writeFileSync(log, '')
  const path = [shims, dirname(process.execPath), process.env['PATH']].join(delimiter)
  const done = runStep('Make the machine ready for labs and VMs', { on }, { PATH: path }, without)
  const calls = readFileSync(log, 'utf8')
  rmSync(shims, { recursive: true })
  return { ...done, log: calls }
}

test('the machine is made ready by commands of root', () => {
  const { code, output, log } = prepare('local', { without: [], refused: [] })
  expect(code, output).toBe(0)
  expect(log).toContain('sysctl -w kernel.apparmor_restrict_unprivileged_userns=0')
  expect(output.includes('VMs are emulated')).toBe(!existsSync('/dev/kvm'))
})

// As on Ubuntu 24.04.
const withoutVagrant = { without: ['vagrant', 'mmdebstrap', 'lz4', 'tcpdump'], refused: ['vagrant'] }

test('only what the machines of `on` need is installed, and no archive has to have the rest', () => {
  const vms = prepare('local,container, vm:6.1', withoutVagrant)
  expect(vms.code, vms.output).toBe(0)
  expect(vms.log).toMatch(/install .* tcpdump .*lz4/)
  expect(vms.log).not.toMatch(/vagrant|mmdebstrap/)
  const local = prepare('local', withoutVagrant)
  expect(local.code, local.output).toBe(0)
  expect(local.log).toMatch(/install .* tcpdump/)
  expect(local.log).not.toMatch(/lz4/)
})

test('a package that a machine of `on` needs and the archive has not is named; the others are installed all the same', () => {
  const { code, output, log } = prepare('local,vagrant:debian12', withoutVagrant)
  expect(code, output).toBe(1)
  expect(output).toContain('E: Unable to locate package vagrant')
  expect(output).toMatch(/^::error::Not to be had here, and needed by local,vagrant:debian12: vagrant\./m)
  expect(log).toMatch(/install -y --no-install-recommends mmdebstrap$/m)
})

test('without a package that only some scenarios want, the machine is ready: they are skipped', () => {
  const { code, output, log } = prepare('local', { without: ['tcpdump', 'dnsmasq'], refused: ['dnsmasq-base'] })
  expect(code, output).toBe(0)
  expect(output).toMatch(/^::warning::Not to be had here: dnsmasq-base\. Scenarios that want it are skipped/m)
  expect(log).toMatch(/install -y --no-install-recommends tcpdump$/m)
})

test('where what is missing cannot be listed, the machine is not taken to be ready', () => {
  const tooOld = 'echo "SyntaxError: Unexpected token" >&2; exit 1'
  const { code, output, log } = prepare('local', { without: [], refused: [], more: { node: tooOld } })
  expect(code, output).toBe(1)
  expect(output).toContain('SyntaxError')
  expect(log).not.toContain('apt-get')
  expect(prepare('local', { without: [], refused: [], more: { node: 'exit 127' } }).code).toBe(127)
})
