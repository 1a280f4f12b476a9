import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kernelsCommand } from '../../harness/cli/kernels-command.ts'
import { doctorCommand } from '../../harness/cli/doctor-command.ts'
import { matrixCommand } from '../../harness/cli/matrix-command.ts'
import { runCommand } from '../../harness/cli/run-command.ts'
import { checkArguments, commonFlags } from '../../harness/cli/arguments.ts'
import { machineName } from '../../harness/suite/machine-for.ts'
import { pinnedActions } from './pinned-actions.ts'
import { lintWorkflow } from './lint.ts'
import { commandsIn } from './shell-commands.ts'
import { readWorkflow } from './steps.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const files = globSync(['.github/workflows/*.yml', '.github/actions/*/action.yml', 'action.yml'], { cwd: root })
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const problemsOf = async (text: string, path = '.github/workflows/some.yml') =>
  (await lintWorkflow(path, text, root)).map(({ line, what }) => `${line}: ${what}`)

const job = (...steps: readonly string[]) =>
  [
    'on: push',
    'permissions: { contents: read }',
    'jobs:',
    '  one:',
    '    runs-on: ubuntu-24.04',
    '    timeout-minutes: 5',
    '    steps:',
    ...steps.map((step) => `      ${step}`),
  ].join('\n')

test('the workflows of this repository have no problem', async () => {
  expect(files.length).toBeGreaterThanOrEqual(6)
  for (const path of files) expect(await problemsOf(read(path), path), path).toEqual([])
})

test('a workflow that is right has none, and what GitHub would refuse is found', async () => {
  expect(await problemsOf(job('- run: npm test'))).toEqual([])
  expect(await problemsOf(job('- run: npm test', '  shel: bash'))).toEqual(["9: Unexpected value 'shel'"])
  expect(await problemsOf(job('- name: x', '  if: github.ref_nam', '  run: npm test'))).toEqual([
    '9: Context access might be invalid: ref_nam',
  ])
  expect(await problemsOf(job('- run: npm test').replace('on: push', 'on: pushed'))).toEqual([
    "1: Unexpected value 'pushed'",
  ])
  expect(await problemsOf('name: x\ndescription: y\nruns: { using: composite, steps: [{ run: ls }] }', 'action.yml'))
    // Actions need a shell, workflows have one.
    .toEqual(['3: Required property is missing: shell'])
})

test('the rules of this project', async () => {
  const { commit = '', release = '' } = pinnedActions['actions/checkout'] ?? {}
  const pinned = `actions/checkout@${commit}`
  expect(await problemsOf(job(`- uses: ${pinned} # ${release}`))).toEqual([])
  expect(await problemsOf(job('- uses: actions/checkout@v7'))).toEqual([`8: write ${pinned} # ${release}`])
  expect(await problemsOf(job(`- uses: ${pinned} # v1`))).toEqual([`8: write ${pinned} # ${release}`])
  expect(await problemsOf(job('- uses: some/thing@v1'))).toEqual([
    '8: some/thing is not in scripts/workflows/pinned-actions.ts',
  ])
  expect(await problemsOf(job(`- uses: ${pinned} # ${release}`, '  with: { fetch-dept: 0 }'))).toEqual([
    expect.stringContaining('takes no input fetch-dept, only repository, ref'),
  ])
  expect(await problemsOf(job('- uses: ./', '  with: { machines: local }'))).toEqual([
    expect.stringContaining('takes no input machines, only on, suites'),
  ])
  expect(await problemsOf(job('- uses: ./nowhere'))).toEqual(['8: ./nowhere is no action of this repository'])
  expect(await problemsOf(job('- run: echo ${{ github.ref }}'))).toEqual([
    expect.stringContaining('8: an expression in a shell script is run as shell'),
  ])
  expect(await problemsOf(job('- run: ls').replace('    timeout-minutes: 5\n', ''))).toEqual([
    '5: job one may hang for six hours: add timeout-minutes',
  ])
  expect(await problemsOf(job('- run: ls').replace(/permissions.*\n/, ''))).toEqual([
    expect.stringContaining('1: it does not say what its token may'),
  ])
})

test('every input that an action reads is one that it declares, and is read', () => {
  for (const path of files.filter((file) => file.endsWith('action.yml'))) {
    const used = new Set([...read(path).matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name))
    const declared = [...(/^inputs:\n((?: .*\n|\n)*)/m.exec(read(path))?.[1] ?? '').matchAll(/^ {2}([\w-]+):/gm)]
    expect([...used].sort(), path).toEqual(declared.map(([, name]) => name).sort())
  }
})

/** What `npm start` and `npm run matrix` call, by the script; `npx netwright` names it itself. */
const commandOfScript: Readonly<Record<string, string>> = { start: 'run', matrix: 'matrix' }
const commands = { run: runCommand, matrix: matrixCommand, doctor: doctorCommand, kernels: kernelsCommand }

/** The problem of an npm or netwright command line, if it has one. */
function problemOf(words: readonly string[]): string | undefined {
  const [program, verb = '', ...rest] = words
  if (program === 'npm') {
    if (['ci', 'install', 'pack', 'publish'].includes(verb)) return undefined
    const script = verb === 'run' ? (rest[0] ?? '') : verb
    if (!(script in scripts)) return `there is no npm script ${script}`
    const name = commandOfScript[script]
    if (name === undefined || !rest.includes('--')) return undefined
    return problemOf(['netwright', name, ...rest.slice(rest.indexOf('--') + 1)])
  }
  if (program === 'npx') return verb === 'netwright' ? problemOf([verb, ...rest]) : `what is ${verb}?`
  if (program !== 'netwright') return undefined
  const command = Object.entries(commands).find(([name]) => name === verb)?.[1]
  if (command === undefined) return `there is no command netwright ${verb}`
  try {
    const args = checkArguments(verb, rest, { ...command.args, ...commonFlags })
    for (const name of args.all('on').flatMap((on) => on.split(','))) if (!name.startsWith('$')) machineName(name)
    return undefined
  } catch (error) {
    return String(error)
  }
}

test('what steps run are npm scripts that exist, and command lines that netwright takes', () => {
  const seen = files.flatMap((path) =>
    readWorkflow(read(path)).jobs.flatMap(({ steps }) => steps.flatMap(({ run = '' }) => commandsIn(run))),
  )
  for (const words of seen) expect(problemOf(words), words.join(' ')).toBeUndefined()
  const ran = seen.map((words) => words.join(' '))
  for (const script of ['npm run check', 'npm test', 'npm run test:chaos', 'npm run mutate', 'npm publish'])
    expect(ran).toContainEqual(expect.stringContaining(script))
  expect(seen.filter(([program, verb]) => program === 'npm' && verb === 'run').length).toBeGreaterThan(4)
  // The check can fail.
  expect(problemOf(['npm', 'run', 'chek'])).toBe('there is no npm script chek')
  expect(problemOf(['npm', 'start', '--', '--onn', 'local'])).toContain('there is no flag --onn')
  expect(problemOf(['npm', 'run', 'matrix', '--', '--on', 'local,vn:6.1'])).toContain('there is no machine "vn:6.1"')
  expect(problemOf(['npx', 'netwright', 'matriks'])).toBe('there is no command netwright matriks')
})

test('scripts that steps call are there, and bash can read them', () => {
  const called = files.flatMap((path) =>
    [...read(path).matchAll(/scripts\/[\w/-]+\.(?:sh|mjs|ts)/g)].map(([path]) => path),
  )
  expect(called).toContain('scripts/action/run-matrix.sh')
  for (const path of called) expect(existsSync(join(root, path)), path).toBe(true)
  for (const path of files)
    for (const { steps } of readWorkflow(read(path)).jobs)
      for (const { run } of steps) if (run !== undefined) execFileSync('bash', ['-n'], { input: run })
  for (const path of globSync('scripts/action/*.sh', { cwd: root })) execFileSync('bash', ['-n', join(root, path)])
})
