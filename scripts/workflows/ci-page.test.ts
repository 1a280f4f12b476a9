import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { pinnedActions } from './pinned-actions.ts'
import { lintWorkflow } from './lint.ts'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'ci.md'), 'utf8')
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Readonly<Record<string, { readonly default: string }>>
}

test('the workflow that the page shows has ten lines, and is right', async () => {
  const shown = /```yaml\n([^`]*)```/.exec(page)?.[1] ?? ''
  expect(shown.trimEnd().split('\n')).toHaveLength(10)
  const { commit = '', release = '' } = pinnedActions['actions/checkout'] ?? {}
  // The major version that is pinned here; a page need not name commits.
  const [major = ''] = release.split('.')
  const here = shown
    .replace(`actions/checkout@${major}\n`, `actions/checkout@${commit} # ${release}\n`)
    .replace(/OWNER\/netwright@v\d+/, './')
  expect(await lintWorkflow('.github/workflows/shown.yml', here, root)).toEqual([])
  expect(here).toContain('uses: ./\n')
})

test('the page lists the inputs of the action with their defaults', () => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` +\| (?:`([^`]*)`)? +\|/gm)].map(([, name, value = '']) => [
    name,
    value,
  ])
  expect(rows).toEqual(Object.entries(action.inputs).map(([name, input]) => [name, input.default]))
})
