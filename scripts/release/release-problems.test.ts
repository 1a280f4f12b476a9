import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { releaseProblems } from './release-problems.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'netwright-release-'))
afterAll(() => rmSync(folder, { recursive: true }))

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const changelog = `## ${manifest.version}`
const whole = [
  'bin/netwright.js',
  ...['index', 'vitest', 'report/index', 'conformance'].flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]),
  'LICENSE',
  'README.md',
]

/** A tarball as npm packs one, of empty files. */
function pack(files: readonly string[], more: object = {}): string {
  const package_ = join(folder, 'package')
  rmSync(package_, { recursive: true, force: true })
  for (const file of files) {
    mkdirSync(dirname(join(package_, file)), { recursive: true })
    writeFileSync(join(package_, file), '')
  }
  writeFileSync(join(package_, 'package.json'), JSON.stringify({ ...manifest, ...more }))
  execFileSync('tar', ['-czf', join(folder, 'package.tgz'), '-C', folder, 'package'])
  return join(folder, 'package.tgz')
}

test('a whole package of its tag can be published', () => {
  const repository = { type: 'git', url: 'git+https://github.com/owner/name.git' }
  const release = { changelog, tag: `v${manifest.version}`, repository: 'owner/name' }
  expect(releaseProblems(pack(whole, { repository }), release)).toEqual([])
})

test('what is wrong is said, with what to do', () => {
  const files = [...whole.filter((file) => file !== 'dist/vitest.js'), 'dist/index.test.ts', 'old.tgz']
  const release = { changelog: '## 0.0.1', tag: 'v9.0.0', repository: 'owner/name' }
  expect(releaseProblems(pack(files, { version: '0.1.0' }), release)).toMatchInlineSnapshot(`
    [
      "the tag is v9.0.0, and package.json says 0.1.0: tag v0.1.0, or \`npm version\`",
      "CHANGELOG.md does not speak of 0.1.0",
      "npm takes no provenance unless package.json names this repository: "repository": { "type": "git", "url": "git+https://github.com/owner/name.git" }",
      "dist/vitest.js is missing in the tarball: npm run build, then npm pack",
      "dist/index.test.ts does not belong into the tarball: see "files" in package.json",
      "old.tgz does not belong into the tarball: see "files" in package.json",
    ]
  `)
})
