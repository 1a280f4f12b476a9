import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Folder of the package: the clone, or `node_modules/netwright`. */
export const packageRoot = dirname(dirname(import.meta.dirname))

/** Whether this is the source in a clone; in an installed package it is what the build made of it. */
const runsFromSource = import.meta.filename.endsWith('.ts')

/** The test file that stands for several suite files. */
export const bundleModule = join(dirname(import.meta.dirname), 'suite', `bundle.${runsFromSource ? 'ts' : 'js'}`)

/** The bundled suites. */
export const bundledSuites = join(packageRoot, 'suites')

/** The bundled topologies. */
export const bundledTopologies = join(packageRoot, 'fixtures', 'topologies')

/** The entries of the package by the name that users import, as files of this installation. */
export const packageEntries: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ '': 'index', '/vitest': 'vitest', '/report': 'report/index', '/conformance': 'conformance' }).map(
    ([entry, file]) => [
      `netwright${entry}`,
      join(dirname(import.meta.dirname), `${file}.${runsFromSource ? 'ts' : 'js'}`),
    ],
  ),
)

export const version = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { readonly version: string }
).version
