import { execFile, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resultsSchema } from '../report/json.ts'
import { packageRoot } from './package-place.ts'

const bin = join(packageRoot, 'bin', 'netwright.js')
let folder = ''

const head = `
import { topology, underlay, blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
export const pair = topology('pair', { underlay: hosts })
`
const files: Readonly<Record<string, string>> = {
  right: `${head} scenario(pair, 'a reaches b').expect({ a: { b: reached } }); scenario(pair, 'b reaches a').expect({ b: { a: reached } })`,
  wrong: `${head} scenario(pair, 'a does not reach b').expect({ a: { b: blocked('no-route') } })`,
  empty: `${head} scenario(pair, 'nothing is measured')`,
  broken: `${head} const x = {{`,
  'bad-address': `${head} underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.300/24' })`,
  crash: `${head} scenario(topology('dies', { underlay: hosts, build: () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) } }), 'the worker dies').expect({ a: { b: reached } })`,
  slow: `${head} scenario(topology('slow', { underlay: hosts, build: async ({ a: { $ } }) => { console.log('building'); await $\`sleep 50\` } }), 'never ends').expect({ a: { b: reached } })`,
  'before-hook': `${head} import { beforeAll } from 'vitest'; beforeAll(() => { throw new Error('no way in') }); scenario(pair, 'after a hook').expect({ a: { b: reached } })`,
  'after-hook': `${head} import { afterAll } from 'vitest'; afterAll(() => { throw new Error('no way out') }); scenario(pair, 'before a hook').expect({ a: { b: reached } })`,
  only: `${head} import { describe } from 'vitest'; describe.only('mine', () => { scenario(pair, 'only this').expect({ a: { b: reached } }) })`,
  plain: `import { test } from 'vitest'; test('no scenario', () => {})`,
  'plain-wrong': `${head} import { test } from 'vitest'; test('no scenario', () => { throw new Error('odd') }); scenario(pair, 'beside it').expect({ a: { b: reached } })`,
  nested: `${head} import { describe } from 'vitest'; describe('deeper', () => { scenario(pair, 'in a group').expect({ a: { b: reached } }) })`,
  unable: `${head} scenario(pair, 'needs what no machine has', { needs: ['tool:no-such-tool'] }).expect({ a: { b: reached } })`,
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-cli-'))
  await chmod(folder, 0o755)
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, `${name}.suite.ts`), text)))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', CI: '' }
for (const name of Object.keys(environment)) {
  if (/^(VITEST|NETWRIGHT|npm_|FORCE_COLOR)/.test(name)) Reflect.deleteProperty(environment, name)
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Starts the command as a user does; `as` puts another program before it. */
function start(args: readonly string[], as: readonly string[] = [], options: SpawnOptions = {}) {
  const [program = '', ...rest] = [...as, process.execPath, bin, ...args]
  const child = spawn(program, rest, { cwd: folder, env: environment, ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, ...said }))
  /** Resolves when standard error holds a text. */
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => said.err.includes(text) && resolve()
      child.stderr.on('data', look)
      child.once('close', () => reject(new Error(`ended without “${text}”:\n${said.out}\n${said.err}`)))
      look()
    })
  return { child, ended, says, said }
}

const netwright = (...args: string[]): Promise<Ended> => start(args).ended

test.each<[string[], string[]]>([
  [['frobnicate'], ['there is no command "frobnicate"', 'Commands are: run, matrix, doctor, lab']],
  [['rnu'], ['Did you mean "run"?']],
  [
    ['run', 'macvlan-in-acton'],
    ['there is no suite "macvlan-in-acton"', 'Did you mean "macvlan-in-action"?'],
  ],
  [
    ['run', ''],
    ['there is no suite ""', 'Leave the empty word out', 'NETWRIGHT_UNKNOWN_SUITE'],
  ],
  [
    ['matrix', '', '--on', 'local'],
    ['there is no suite ""', 'NETWRIGHT_UNKNOWN_SUITE'],
  ],
  [
    ['run', 'right', 'wrong', '--on', 'local', '--on', 'vm:6.1'],
    [
      '--on local and --on vm:6.1: one run is on one machine',
      'netwright matrix right wrong --on local,vm:6.1',
      'NETWRIGHT_USAGE',
    ],
  ],
  [
    ['run', 'right', '--on', 'auto', '--on', 'vm:6.1'],
    ['netwright matrix right --on local,vm:6.1', 'auto is no machine of its own'],
  ],
  [
    ['run', 'right', '--on', 'vm:6.1', '--place', 'c=vm:5.10'],
    ['there is no host "c"', 'where: --place c=vm:5.10', 'There are: a, b.', 'NETWRIGHT_UNKNOWN_HOST'],
  ],
  [['run', 'host-access'], ['Did you mean "macvlan-in-action/host-access"?']],
  [
    ['run', '--on', 'mv:9.9'],
    [
      'there is no machine "mv:9.9"',
      'There are: local, auto, container, container:IMAGE, vm:KERNEL, vagrant:BOX.',
      'NETWRIGHT_UNKNOWN_MACHINE',
    ],
  ],
  [
    ['run', '--on', 'vm:9.9'],
    ['there is no kernel "9.9"', 'There are: 5.10,', 'NETWRIGHT_UNKNOWN_KERNEL'],
  ],
  [
    ['run', '--fresh', '--on', 'vm:6.1'],
    ['--fresh puts Vagrant boxes back, and vm:6.1 is none', '--on vagrant:debian12'],
  ],
  [['run', '--on', 'lcoal'], ['Did you mean "local"?']],
  [
    ['run', '--repot', 'x'],
    ['there is no flag --repot', 'Did you mean --report?'],
  ],
  [['run', '--report'], ['--report needs a value']],
  [['run', '--json', '--list'], ['--json needs a value']],
  [['run', '--verbose=yes'], ['--verbose takes no value']],
  [
    ['run', '--report', '/proc/report'],
    ['the report folder /proc/report cannot be written', 'NETWRIGHT_REPORT_NOT_WRITABLE'],
  ],
  [['run', '--junit', '/proc/x/junit.xml'], ['/proc/x/junit.xml cannot be written']],
  [
    ['run', '--json', '/proc/x'],
    ['/proc/x cannot be written', 'NETWRIGHT_REPORT_NOT_WRITABLE'],
  ],
  [
    ['run', '--json', '/nonexistent/a.json'],
    ['there is no folder /nonexistent', 'NETWRIGHT_REPORT_NOT_WRITABLE'],
  ],
  [['run', '--report', '-'], ['--report - is no folder']],
  [['run', '--junit', '-'], ['--junit - is no file']],
  [['run', 'right', '-t', 'no such title'], ['no scenario has "no such title" in its title']],
  [
    ['lab', 'macvlan-brigde'],
    ['there is no topology "macvlan-brigde"', 'Did you mean "macvlan-bridge"?'],
  ],
  [
    ['lab', 'pair', '--ns', 'sn1', '--exec', 'true'],
    ['there is no host or namespace "sn1"', 'There are: a, b.'],
  ],
  [['lab', 'pair'], ['a shell needs a terminal']],
  [['reasons', 'no-rout'], ['Did you mean "no-route"?']],
  [['schema', 'please'], ['"please" is one word too many']],
  [
    ['report', 'nowhere'],
    ['nowhere holds no run', 'netwright run --report nowhere'],
  ],
])('wrong usage is told before anything runs: netwright %j', async (args, texts) => {
  const { code, out, err } = await netwright(...args)
  for (const text of texts) expect(err).toContain(text)
  expect(err).not.toMatch(/^\s+at /m)
  expect(out).toBe('')
  expect(code).toBe(2)
})

test.runIf(process.geteuid?.() === 0)('an ordinary user is told that a report folder is not theirs', async () => {
  const closed = join(folder, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const { code, err } = await start(['run', 'right', '--report', closed], user).ended
  expect(err).toContain(`the report folder ${closed} cannot be written: EACCES`)
  expect(code).toBe(2)
})

test('help and version go to standard output', async () => {
  const [help, runHelp, version] = await Promise.all([
    netwright('--help'),
    netwright('run', '--help'),
    netwright('--version'),
  ])
  expect(help.out).toContain('doctor')
  expect(runHelp.out).toContain('netwright run --json - | jq .totals')
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect([help.code, runHelp.code, version.code]).toEqual([0, 0, 0])
})

test('--json - writes the results and nothing else to standard output', async () => {
  const { code, out, err } = await netwright('run', 'right', '--json', '-')
  const results = resultsSchema.parse(JSON.parse(out))
  expect(results.totals).toMatchObject({ met: 2, notMet: 0, skipped: 0 })
  expect(err).toMatch(/2 met · 0 not met · 0 skipped · [\d.]+ s\n$/)
  expect(code).toBe(0)
})

test('what cannot be written at the end is told after the results', async () => {
  const { code, out, err } = await netwright('run', 'right', '--json', '/dev/full')
  expect(out).toContain('2 met · 0 not met · 0 skipped')
  expect(err).toContain('/dev/full cannot be written: ENOSPC')
  expect(err).not.toMatch(/defect|^\s+at /m)
  expect(code).toBe(2)
})

test('a run leaves nothing in the project and only its cache in the home', async () => {
  const [project, home] = [join(folder, 'project'), join(folder, 'home')]
  await Promise.all([mkdir(join(project, 'node_modules'), { recursive: true }), mkdir(home)])
  await writeFile(join(project, 'package.json'), '{}')
  await writeFile(join(project, 'one.suite.ts'), files['right'] ?? '')
  const { XDG_DATA_HOME: _data, XDG_CACHE_HOME: _cache, ...rest } = environment
  const { code } = await start(['run', 'one'], [], { cwd: project, env: { ...rest, HOME: home } }).ended
  expect(code).toBe(0)
  expect(await readdir(home)).toEqual(['.cache'])
  expect(await readdir(join(home, '.cache'))).toEqual(['netwright'])
  expect(await readdir(join(project, 'node_modules'))).toEqual([])
})

test('what a suite imports is read anew when it changed, or when it is another file', async () => {
  const project = join(folder, 'changing')
  const at = (name: string) => join(project, name)
  await mkdir(project)
  const imports = (name: string) =>
    writeFile(at('package.json'), JSON.stringify({ imports: { '#who': `./${name}.ts` } }))
  const says = (name: string, text: string) => writeFile(at(`${name}.ts`), `export const text = '${text}'`)
  await Promise.all([says('one', '1'), says('two', '2'), says('near', 'near'), imports('one')])
  await symlink('near.ts', at('link.ts'))
  await writeFile(
    at('changing.suite.ts'),
    `${head} import { text } from './near.ts'; import { text as linked } from './link.ts'; import { text as who } from '#who'
    scenario(pair, \`\${text} \${linked} \${who}\`).expect({ a: { b: reached } })`,
  )
  const title = async () => (await netwright('run', '--list', at('changing.suite.ts'))).out
  expect(await title()).toContain('near near 1')
  await says('near', 'changed')
  await imports('two')
  expect(await title()).toContain('changed changed 2')
  await rm(at('link.ts'))
  await symlink('one.ts', at('link.ts'))
  expect(await title()).toContain('changed 1 2')
})

test('-t chooses scenarios by their titles', async () => {
  const { code, out } = await netwright('run', 'right', '-t', 'B REACHES')
  expect(out).toContain('b reaches a')
  expect(out).not.toContain('a reaches b')
  expect(out).toContain('1 met · 0 not met · 0 skipped')
  expect(code).toBe(0)
})

// On VMs a process for each core reads its share of the files.
test('files that several processes read are each read once', async () => {
  const { out } = await netwright('run', 'macvlan-in-action/children', 'beyond/passthru', '--list', '--on', 'vm:6.1')
  expect(out).toMatch(/^beyond\/passthru\n/)
  expect(out).toContain('\nmacvlan-in-action/children\n')
  expect(out).toMatch(/\n5 scenarios in 2 suites\n$/)
})

test('--list lists and runs nothing', async () => {
  const { code, out, err } = await netwright('run', 'right', 'macvlan-in-action/host-access', '--list')
  expect(out).toContain('  - a reaches b\n')
  expect(out).toContain('macvlan-in-action A7')
  expect(err).toBe('')
  expect(code).toBe(0)
})

test('a wrong expectation prints both matrices and the story', async () => {
  const { code, out } = await netwright('run', 'wrong')
  expect(out).toContain('expect: 1 of 1 cell is not as expected')
  expect(out).toContain('expected  blocked: no-route')
  expect(out).toMatch(/The reply came after/)
  expect(out).toContain('0 met · 1 not met · 0 skipped')
  expect(code).toBe(1)
})

test.each([
  ['empty', 'The scenario measures nothing [NETWRIGHT_EMPTY_SCENARIO]'],
  ['broken', 'broken.suite.ts'],
  ['bad-address', '"10.0.0.300/24" is not an address'],
  ['crash', 'the worker dies was declared and never measured'],
])('what cannot be measured fails the run: %s', async (suite, text) => {
  const { code, out } = await netwright('run', suite)
  expect(out).toContain(text)
  expect(out).toContain('0 met · 1 not met · 0 skipped')
  expect(code).toBe(1)
})

test('a suite file that cannot be read leaves the others alone', async () => {
  const { code, out } = await netwright('run', 'broken', 'right', 'wrong')
  expect(out).toMatch(/the suite file could not be read\s+where: .*broken\.suite\.ts/)
  expect(out).toContain('2 met · 2 not met · 0 skipped')
  expect(code).toBe(1)
})

test.each([
  ['before-hook', 'no way in'],
  ['after-hook', 'no way out'],
  ['only', 'only.suite.ts'],
  ['plain', 'no scenario of the suite file was declared'],
  ['plain-wrong', 'odd'],
])('what goes wrong around scenarios fails the run, whatever other files do: %s', async (suite, text) => {
  const { code, out } = await netwright('run', suite, 'right', '-t', 'a')
  expect(out).toContain(text)
  expect(out).toMatch(/\d met · 1 not met/)
  expect(code).toBe(1)
})

test('the scenario of a group is called by its suite file', async () => {
  const { out } = await netwright('run', 'nested', '--report', 'nested-report')
  expect(out).toContain('1 met · 0 not met · 0 skipped')
  expect(await readdir(join(folder, 'nested-report', 'captures'))).toEqual(['nested-in-a-group.pcapng'])
})

test('what --bail leaves out counts as skipped, and says why', async () => {
  const { code, out } = await netwright('run', 'wrong', 'slow', '--bail')
  expect(out).toContain('0 met · 1 not met · 1 skipped')
  expect(out).toContain('the run was stopped before: by --bail')
  expect(code).toBe(1)
})

test('a machine that can run nothing of what was asked says why', async () => {
  const { code, out, err } = await netwright('run', 'unable')
  expect(out).toContain('0 met · 0 not met · 1 skipped')
  expect(err).toContain('this machine can run none of it: the machine has no no-such-tool')
  expect(code).toBe(3)
})

test('a run writes report, captures, log and JUnit, and the report can be made again', async () => {
  const [report, junit] = [join(folder, 'out', 'report'), join(folder, 'out', 'junit.xml')] // the report's folder is made first
  const { code, out } = await netwright('run', 'right', '--report', report, '--junit', junit)
  expect(code).toBe(0)
  expect(out).toContain(`Report: ${join(report, 'index.html')}`)
  expect(await readdir(join(report, 'captures'))).toHaveLength(2)
  expect((await readFile(junit, 'utf8')).match(/<testcase /g)).toHaveLength(2)
  const events = (await readFile(join(report, 'events.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(events.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'start',
    'scenario',
    'scenario',
    'end',
  ])
  await rm(join(report, 'run.json'))
  await rm(join(report, 'index.html'))
  const again = await netwright('report', report, '--no-open')
  expect(again.code).toBe(0)
  expect(await readFile(join(report, 'index.html'), 'utf8')).toContain('<html')
})

test('doctor says the same as its exit code', async () => {
  const { code, out } = await netwright('doctor', '--json')
  expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, able: code === 0 })
})

test('a lab runs one command and ends with its exit code', async () => {
  const { code, out } = await netwright('lab', 'pair', '--host', 'b', '--exec', 'ip -4 -br addr show eth0; exit 7')
  expect(out).toContain('10.0.0.2/24')
  expect(code).toBe(7)
})

/** Every process of whose environment our folder is a part: what this file started, and what that started. */
async function leftovers(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const [cwd, line] = await Promise.all([
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ])
      return cwd.includes(mark) ? `${pid} ${line.replaceAll('\0', ' ')}` : ''
    }),
  )
  return texts.filter((text) => text !== '')
}

const mark = `CLI_TEST_MARK=${String(process.pid)}`
Object.assign(environment, { CLI_TEST_MARK: String(process.pid) })

/** Waits until nothing is left; what is killed takes a moment to be gone. */
async function nothingIsLeft(): Promise<void> {
  await expect.poll(leftovers, { timeout: 5000, interval: 20 }).toEqual([])
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s in the middle of a run leaves nothing', async (signal) => {
  const report = join(folder, `interrupted-${signal}`)
  const { child, ended, says } = start(['run', 'right', 'slow', '--report', report])
  await says('building')
  await Promise.all([says('a reaches b'), says('b reaches a')])
  expect((await leftovers()).length).toBeGreaterThan(2)
  child.kill(signal)
  const { code, err } = await ended
  await nothingIsLeft()
  const log = await readFile(join(report, 'events.jsonl'), 'utf8')
  expect(log.includes('"scenario":"a reaches b"') && log.includes('"scenario":"b reaches a"')).toBe(true)
  if (signal === 'SIGKILL') return
  expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
  expect(err).toContain(`Interrupted by ${signal}. Until then: 2 met · 0 not met · 0 skipped`)
  expect(err).toContain('did not end: never ends')
})

test('--keep keeps the lab that failed, and the printed command enters it', async () => {
  const { child, ended, says, said } = start(['run', 'wrong', '--keep'])
  await says('Enter lets it go')
  const command = /^ {2}b +(.*) bash$/m.exec(said.err)?.[1] ?? ''
  const inside = await promisify(execFile)('sh', ['-c', `${command} ip -4 -br addr show eth0`])
  expect(inside.stdout).toContain('10.0.0.2/24')
  child.stdin.write('\n')
  expect((await ended).code).toBe(1)
  await nothingIsLeft()
})

test('--keep is refused where no Enter can come', async () => {
  const shell = ['sh', '-c', 'exec "$@" < /dev/null', 'sh']
  const { code, err } = await start(['run', 'wrong', '--keep'], shell).ended
  expect(err).toContain('--keep waits for Enter, and standard input is no terminal')
  expect(code).toBe(2)
})

test('--keep lets the lab go when standard input ends, and the scenario is not met', async () => {
  const { child, ended, says } = start(['run', 'wrong', '--keep'])
  await says('Enter lets it go')
  child.stdin.end()
  const { code, out } = await ended
  expect(out).toContain('0 met · 1 not met · 0 skipped')
  expect(code).toBe(1)
  await nothingIsLeft()
})

test('a scenario whose lab is kept counts as not met when the run is interrupted', async () => {
  const { child, ended, says } = start(['run', 'wrong', '--keep'])
  await says('Enter lets it go')
  child.kill('SIGINT')
  const { code, err } = await ended
  expect(err).toContain('Until then: 0 met · 1 not met · 0 skipped')
  expect(err).not.toContain('did not end')
  expect(code).toBe(130)
  await nothingIsLeft()
})
