/** Lints the workflows and the actions of this repository: a stage of `npm run check`. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lintWorkflow } from './workflows/lint.ts'
import { root } from './setup.mjs'

const files = globSync(['.github/workflows/*.{yml,yaml}', '.github/actions/*/action.yml', 'action.yml'], { cwd: root })
const problems = (
  await Promise.all(files.map((path) => lintWorkflow(path, readFileSync(join(root, path), 'utf8'), root)))
).flat()
for (const { path, line, what } of problems) console.error(`${path}:${line}: ${what}`)
if (files.length === 0) console.error('there are no workflows to look at')
if (problems.length > 0 || files.length === 0) process.exitCode = 1
