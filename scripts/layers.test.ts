import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { layers } from './layers.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const rule = 'netwright/layers'

// The project's own configuration, with the types switched off: a text can then be linted under a name that no file has.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => ruleId === rule,
})

/** What the layer rule says about a file with this text. */
const lint = async (filePath: string, text: string) => {
  const results = await eslint.lintText(`${text}\n`, { filePath })
  return results.flatMap(({ messages }) => messages.map(({ message }) => message))
}

/** What the layer rule says about a file that imports this. */
const importing = (filePath: string, specifier: string) => lint(filePath, `import '${specifier}'`)

describe('the layer rule', () => {
  test.each([
    ['harness/model/a.ts', '../lab/lab.ts'],
    ['harness/model/deep/a.ts', '../../lab/lab.ts'],
    ['harness/lab/a.ts', '../machines/local.ts'],
    ['harness/report/a.ts', '../suite/scenario.ts'],
    ['harness/lab/a.ts', '../../scripts/layers.js'],
    ['suites/s/a.suite.ts', '../../harness/model/errors.ts'],
    ['fixtures/topologies/a.ts', '../../harness/model/errors.ts'],
  ])('%s must not import %s', async (file, specifier) => {
    expect(await importing(file, specifier)).toEqual([expect.stringContaining('(scripts/layers.js)')])
  })

  test('names what may be imported instead', async () => {
    expect(await importing('harness/verdict/a.ts', '../../scripts/layers.js')).toMatchInlineSnapshot(`
      [
        "harness/verdict may import harness/model (scripts/layers.js).",
      ]
    `)
  })

  test.each([
    ['harness/model/deep/a.ts', '../verdict.ts'],
    ['harness/lab/a.ts', '../machines/machine.ts'],
    ['harness/cli/a.ts', '../report/junit.ts'],
    ['harness/model/a.ts', 'ipaddr.js'],
    ['harness/model/a.ts', 'node:fs'],
    ['suites/s/a.suite.ts', 'netwright'],
  ])('%s may import %s', async (file, specifier) => {
    expect(await importing(file, specifier)).toEqual([])
  })

  test.each([
    "import type { A } from '../probe/ping.ts'",
    "export { a } from '../probe/ping.ts'",
    "export * from '../probe/ping.ts'",
    "await import('../probe/ping.ts')",
    "type A = import('../probe/ping.ts').A",
  ])('bites on `%s` too', async (text) => {
    expect(await lint('harness/lab/a.ts', text)).toHaveLength(1)
  })

  test('leaves tests alone', async () => {
    expect(await importing('harness/lab/a.test.ts', '../../scripts/layers.js')).toEqual([])
  })
})

test('every folder of harness/ has a row in the table', () => {
  const folders = readdirSync(`${root}harness`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `harness/${name}`)
  expect(folders.filter((folder) => !(folder in layers))).toEqual([])
})
