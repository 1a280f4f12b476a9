import { globSync, readFileSync, statSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Topology } from '../lab/topology.ts'
import { NetwrightError } from '../model/errors.ts'
import { nearest } from '../model/names.ts'
import { findSuites } from './find-suites.ts'
import { bundledTopologies, packageEntries, packageRoot } from './package-place.ts'

/** A topology that can be built by its name. */
export interface NamedTopology {
  /** As on the command line: `macvlan-bridge`. */
  readonly name: string
  readonly topology: Topology
  readonly file: string
}

/**
 * The topologies that `fixtures/topologies`, the suites, and the user's own suites and `*.topology.ts` files export.
 *
 * Node reads the files itself. A hook gives them this installation as `netwright`, strips types where Node refuses to
 * (inside node_modules), and puts an empty `scenario` in the place of vitest's, which only exists in a test run.
 */
export async function loadTopologies(cwd: string): Promise<NamedTopology[]> {
  hookImports()
  const files = [
    ...globSync('**/*.ts', { cwd: bundledTopologies })
      .sort()
      .map((path) => join(bundledTopologies, path)),
    ...ownTopologyFiles(cwd),
    ...findSuites(cwd).map(({ file }) => file),
  ]
  const found = new Map<Topology, NamedTopology>()
  for (const file of files)
    for (const one of await topologiesIn(file)) if (!found.has(one.topology)) found.set(one.topology, one)
  return [...found.values()]
}

/** @throws NETWRIGHT_NODE_TOO_OLD: `module.registerHooks` is new in Node 22.15 */
function hookImports(): void {
  // Looked up, because an import by name would fail before anything could be said.
  const { registerHooks, stripTypeScriptTypes } = nodeModule as Partial<typeof nodeModule>
  if (registerHooks === undefined || stripTypeScriptTypes === undefined) {
    throw new NetwrightError('NETWRIGHT_NODE_TOO_OLD', `Node ${process.versions.node} cannot load topologies by name`, {
      next: 'Install Node 22.15 or later.',
    })
  }
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === 'netwright/vitest') return { url: scenarioStub, shortCircuit: true }
      const entry = packageEntries[specifier]
      return next(entry === undefined ? specifier : pathToFileURL(entry).href, context)
    },
    load: (url, context, next) => {
      if (!url.startsWith('file:') || !/\.m?ts$/.test(url) || !url.includes('/node_modules/')) return next(url, context)
      return { format: 'module', source: stripTypes(stripTypeScriptTypes, new URL(url)), shortCircuit: true }
    },
  })
}

/** Node warns that this function is new; users have no part in that. */
function stripTypes(strip: typeof nodeModule.stripTypeScriptTypes, file: URL): string {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return strip(readFileSync(file, 'utf8'))
  } finally {
    process.emitWarning = emitWarning
  }
}

/** `scenario(…).expect(…)…` that does nothing. */
const scenarioStub = `data:text/javascript,${encodeURIComponent(
  'const builder = new Proxy({}, { get: () => () => builder }); export const scenario = () => builder',
)}`

function ownTopologyFiles(cwd: string): string[] {
  if (resolve(cwd) === packageRoot) return []
  return globSync(['*.topology.ts', '*/*.topology.ts', 'topologies/*.ts'], { cwd }).map((path) => join(cwd, path))
}

/** The topologies that a file exports; a file that cannot be read by itself has none for us. */
async function topologiesIn(file: string, isAsked = false): Promise<NamedTopology[]> {
  try {
    const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
    return Object.values(exports)
      .filter(isTopology)
      .map((topology) => ({ name: kebab(topology.name), topology, file }))
  } catch (error) {
    if (isAsked) throw error
    return []
  }
}

function isTopology(value: unknown): value is Topology {
  return typeof value === 'object' && value !== null && 'underlay' in value && 'build' in value && 'namespaces' in value
}

const kebab = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

/**
 * The topology of a name, or the only one in a file.
 *
 * @throws NETWRIGHT_UNKNOWN_TOPOLOGY with the name that was probably meant
 */
export async function chooseTopology(word: string, known: readonly NamedTopology[], cwd: string): Promise<Topology> {
  const named = known.find(({ name }) => name === kebab(word))
  if (named !== undefined) return named.topology
  const path = resolve(cwd, word)
  const inFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true ? await topologiesIn(path, true) : []
  const [only] = inFile
  if (inFile.length === 1 && only !== undefined) return only.topology
  const names = (inFile.length > 1 ? inFile : known).map(({ name }) => name)
  const close = nearest(kebab(word), names)
  const next = `${close === undefined ? '' : `Did you mean "${close}"? `}There are: ${names.join(', ')}.`
  throw new NetwrightError('NETWRIGHT_UNKNOWN_TOPOLOGY', `there is no topology ${JSON.stringify(word)}`, {
    place: 'netwright lab',
    next,
  })
}
