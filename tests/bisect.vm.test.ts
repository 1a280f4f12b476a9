import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findKernel } from '../harness/machines/vm/catalogue.ts'
import { provideKernel } from '../harness/machines/vm/kernel-store.ts'
import { findQemu } from '../harness/machines/vm/find-qemu.ts'

const example = join(import.meta.dirname, '..', 'examples', 'bisect')
const judge = join(example, 'judge.mjs')
const suite = join(example, 'broadcast-queue.suite.ts')
/** The older one takes `bcqueuelen` without a word, the newer one does it. */
const [older, newer] = ['5.10', '6.1']

/** Why no VM can be run here, when none can. */
async function obstacle(): Promise<string | undefined> {
  try {
    await findQemu()
    for (const name of [older, newer]) await provideKernel(await findKernel(name), () => undefined)
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error)
  }
}

const reason = await obstacle()
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-bisect-'))
  await writeFile(join(folder, 'broken'), 'this commit does not build')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a program; answers its exit code and output, whatever the code. */
async function ended(program: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', VITEST: undefined }
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: folder, env })
    return { code: 0, out: stdout + stderr }
  } catch (error) {
    const { code = -1, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code, out: stdout + stderr }
  }
}

const judged = (...args: string[]) => ended(process.execPath, judge, suite, ...args)

test('judges a kernel in the words of git bisect run', { timeout: 300_000 }, async (context) => {
  if (reason !== undefined) context.skip(reason)
  const good = await judged('--on', `vm:${newer}`)
  expect(good.out).toContain('good: 1 scenarios are as expected')
  expect(good.code).toBe(0)
  const bad = await judged('--on', `vm:${older}`)
  expect(bad.out).toContain('no word of a queue')
  expect(bad.code).toBe(1)
  const noKernel = await judged('--kernel', join(folder, 'broken'))
  expect(noKernel.code).toBe(125)
  const noSuite = await ended(process.execPath, judge, 'no-such-suite', '--on', `vm:${older}`)
  expect(noSuite.code).toBe(255)
})

test('git bisect finds the commit, past one that does not build', { timeout: 300_000 }, async () => {
  const git = (...args: string[]) => ended('git', '-c', 'user.name=n', '-c', 'user.email=n@n', ...args)
  await git('init', '-q', '.')
  // A tree whose commits are kernels: the last brings the newer one; the one in the middle, tried first, does not build.
  const [without, broken] = [`--on vm:${older}`, '--kernel ./broken']
  const machines = [without, without, broken, without, `--on vm:${newer}`]
  for (const [index, machine] of machines.entries()) {
    await writeFile(join(folder, 'kernel'), `${machine} # ${String(index)}\n`)
    await git('add', 'kernel')
    await git('commit', '-q', '-m', `commit ${String(index)}`)
  }
  await git('bisect', 'start', '--term-old=without', '--term-new=with', 'HEAD', 'HEAD~4')
  const step = `"${process.execPath}" "${judge}" --invert "${suite}" $(sed 's/ #.*//' kernel)`
  const { out } = await git('bisect', 'run', 'sh', '-c', step)
  expect(out).toContain('cannot tell: ')
  expect(out).toContain('commit 4')
  expect(out).toContain('is the first with commit')
})
