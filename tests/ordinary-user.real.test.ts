import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = dirname(import.meta.dirname)
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const main = join(root, 'harness/cli/main.ts')
/** `nobody` of Debian; as an ordinary user these tests just run as that user. */
const nobody = '65534'
const asUser = process.geteuid?.() === 0 ? ['setpriv', '--reuid', nobody, '--regid', nobody, '--clear-groups'] : []

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'netwright-user-'))
  await chmod(home, 0o777)
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Runs a command; it ends with this process. */
function run(argv: readonly string[]): Promise<{ code: number | null; output: string }> {
  const [program = '', ...args] = [...argv]
  const env = { ...process.env, HOME: home, TMPDIR: home, NO_COLOR: '1', VITEST: undefined }
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args], { cwd: root, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, output })
    })
  })
}

test('the machine does for an ordinary user what it must', { timeout: 120_000 }, async () => {
  const conformance = [
    'run',
    '--project',
    'real',
    '--configLoader',
    'native',
    '--cache=false',
    'harness/machines/local',
  ]
  const done = await run([...asUser, process.execPath, vitest, ...conformance])
  expect(done.output).toMatch(/Tests\s+\d+ passed/)
  expect(done.code, done.output).toBe(0)
})

test('a suite has the same verdicts for an ordinary user, beside a run of root', { timeout: 180_000 }, async () => {
  const suite = [process.execPath, main, 'run', 'macvlan-in-action']
  const runs = await Promise.all([run(suite), run([...asUser, ...suite])])
  for (const done of runs) {
    expect(done.output).toMatch(/\d+ met · 0 not met · 0 skipped/)
    expect(done.code).toBe(0)
  }
  const verdicts = runs.map(({ output }) => output.split('\n').filter((line) => /^ {2}(A\d+ |met )/.test(line)))
  const steady = (lines: readonly string[]) => lines.map((line) => line.replace(/[\d.]+ m?s$/, '').trimEnd())
  expect(steady(verdicts[1] ?? [])).toEqual(steady(verdicts[0] ?? []))
  expect(verdicts[0]?.length).toBeGreaterThan(20)
})

test('the cure is named where user namespaces are forbidden', async () => {
  // A user namespace whose limit of further ones is 0, and in it a root that may nothing.
  const powerless = 'setpriv --securebits +noroot,+noroot_locked --bounding-set -all --inh-caps -all'
  const inside = `echo 0 > /proc/sys/user/max_user_namespaces; exec ${powerless} "$0" -e "$1"`
  const script = `import('${root}/harness/machines/local/local-machine.ts')
    .then(({ localMachine }) => localMachine()).catch((error) => console.log(error.message))`
  const done = await run(['unshare', '--user', '--map-root-user', 'sh', '-c', inside, process.execPath, script])
  expect(done.output).toMatchInlineSnapshot(`
    "This machine does not let Netwright make network namespaces [NETWRIGHT_NO_NAMESPACES]
      stderr: unshare: unshare failed: Operation not permitted
    unshare: unshare failed: No space left on device
      next: Run as root, or allow user namespaces: sudo sysctl user.max_user_namespaces=15000
    "
  `)
})
