import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { glob } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { plans } from './binding.ts'
import type { ScenarioPlan } from '../../harness/suite/plan.ts'

export interface SuitePlan {
  /** `macvlan-in-action/host-access` */
  readonly suite: string
  readonly plan: ScenarioPlan
}

const root = new URL('../../', import.meta.url)

/** The package by its name, and a binding that keeps plans instead of handing them to vitest. */
const replacements: Readonly<Record<string, URL>> = {
  netwright: new URL('harness/index.ts', root),
  'netwright/vitest': new URL('scripts/mutate/binding.ts', root),
}

/** Reads every suite whose name holds one of the filters, without running anything. */
export async function collectPlans(filters: readonly string[]): Promise<SuitePlan[]> {
  registerHooks({
    resolve: (specifier, context, next) => {
      const replacement = replacements[specifier]
      return replacement === undefined ? next(specifier, context) : { url: replacement.href, shortCircuit: true }
    },
  })
  const folder = fileURLToPath(new URL('suites/', root))
  const files: string[] = []
  for await (const file of glob('**/*.suite.ts', { cwd: folder })) files.push(file)
  files.sort()
  const collected: SuitePlan[] = []
  for (const file of files) {
    const suite = relative(folder, `${folder}${file}`).replace(/\.suite\.ts$/, '')
    if (filters.length > 0 && !filters.some((filter) => suite.includes(filter))) continue
    plans.length = 0
    await import(pathToFileURL(`${folder}${file}`).href)
    collected.push(...plans.map((plan) => ({ suite, plan })))
  }
  return collected
}
