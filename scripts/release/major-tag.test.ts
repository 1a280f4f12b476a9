import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..', '..')
const workflow = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')) as {
  on: { push: { tags: readonly string[] } }
  jobs: Readonly<
    Record<string, { needs?: string; if?: string; permissions?: object; steps: readonly { run?: string }[] }>
  >
}

test('a version’s tag starts a release, the moved tag of a major version starts none', () => {
  // GitHub's filters: `+` and brackets as in a regular expression, a dot is a dot, `*` stops at a slash.
  const starts = (tag: string) =>
    workflow.on.push.tags.some((filter) =>
      new RegExp(`^${filter.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(tag),
    )
  const tags = ['v0.1.0', 'v1.20.3', 'v1.0.0-rc.1', 'v0', 'v1', 'v1.2', 'vagrant', 'v1x2y3']
  expect(tags.filter(starts)).toEqual(['v0.1.0', 'v1.20.3', 'v1.0.0-rc.1'])
})

test('the tag is moved by a job that may write, once the package is out, and not for a pre-release', () => {
  const [, job] =
    Object.entries(workflow.jobs).find(([, { steps }]) =>
      steps.some(({ run }) => run === 'bash scripts/release/move-major-tag.sh'),
    ) ?? []
  expect(job).toMatchObject({ needs: 'publish', permissions: { contents: 'write' } })
  expect(job?.if).toBe("!contains(github.ref_name, '-')")
})

const folder = mkdtempSync(join(tmpdir(), 'netwright-major-'))
afterAll(() => rmSync(folder, { recursive: true }))
const [origin, clone] = [join(folder, 'origin.git'), join(folder, 'clone')]
const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { encoding: 'utf8' }).trim()

/** Makes a commit, tags it as the release of a version, and runs the job's script there. */
function release(tag: string): string {
  git('-C', clone, 'commit', '-q', '--allow-empty', '-m', tag)
  git('-C', clone, 'tag', '-a', tag, '-m', tag)
  git('-C', clone, 'push', '-q', 'origin', tag)
  const commit = git('-C', clone, 'rev-parse', 'HEAD')
  execFileSync('bash', [join(root, 'scripts/release/move-major-tag.sh')], {
    cwd: clone,
    env: { ...process.env, GITHUB_REF_NAME: tag },
    stdio: 'pipe',
  })
  return commit
}
const tagged = (tag: string): string => git('-C', origin, 'rev-parse', `${tag}^{commit}`)

test('the major version’s tag follows its releases, and does not go back for a fix of an older one', () => {
  git('init', '-q', '--bare', origin)
  git('clone', '-q', origin, clone)
  const first = release('v0.1.0')
  expect(tagged('v0')).toBe(first)
  const tenth = release('v0.10.0')
  expect(tagged('v0')).toBe(tenth)
  release('v0.9.1')
  expect(tagged('v0')).toBe(tenth)
  const major = release('v1.0.0')
  expect([tagged('v1'), tagged('v0')]).toEqual([major, tenth])
})
