import { existsSync, readdirSync } from 'node:fs'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { layers } from './layers.js'

const root = new URL('..', import.meta.url).pathname

// Types are not needed to see an import, and without them any text can be linted under any name.
const eslint = new ESLint({ cwd: root, ruleFilter: ({ ruleId }) => ruleId === 'import-x/no-restricted-paths' })

const lint = async (filePath: string, text: string) =>
  (await eslint.lintText(text, { filePath }))[0]?.messages.map(({ message }) => message)

describe('the layer rule', () => {
  test('bites on an import that the table forbids', async () => {
    expect(await lint('a', 'b')).toEqual([])
  })
})

test('every folder of harness/ has a row in the table', () => {
  const folders = existsSync(`${root}harness`)
    ? readdirSync(`${root}harness`, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : []
  expect(folders.map(({ name }) => `harness/${name}`).filter((folder) => !(folder in layers))).toEqual([])
})
