import { dirname, relative, resolve } from 'node:path'

/**
 * Which part of the source may import which: the layer table of the design, as lint enforces it.
 *
 * A key is a folder (or a file) below the repository; its value lists the folders and files outside itself that it may
 * import. Everything else of ours is forbidden. Packages are not concerned. Tests are exempt, because a test drives
 * the real thing: a test of `lab` needs a real machine.
 *
 * A new folder in `harness/` needs a row here: `layers.test.ts` fails until it has one.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const layers = {
  'harness/model': [],
  // Before the folder that it lies in: the tests of machines carry labs.
  'harness/machines/conformance': ['harness/model', 'harness/machines', 'harness/lab', 'harness/suite'],
  'harness/machines': ['harness/model'],
  // Of the machines only the two interfaces: labs are the same on every machine.
  'harness/lab': ['harness/model', 'harness/machines/machine.ts', 'harness/machines/channel/channel.ts'],
  // Of the machines only the channel's words: probes speak it themselves.
  'harness/probe': ['harness/model', 'harness/lab', 'harness/machines/channel/channel.ts'],
  'harness/verdict': ['harness/model'],
  'harness/suite': [
    'harness/model',
    'harness/machines',
    'harness/lab',
    'harness/probe',
    'harness/verdict',
    'harness/report/scenario-failure.ts',
  ],
  'harness/report': ['harness/model'],
  'harness/cli': [
    'harness/model',
    'harness/machines',
    'harness/lab',
    'harness/probe',
    'harness/verdict',
    'harness/suite',
    'harness/report',
  ],
  // The public API only, by the package's name.
  suites: ['fixtures'],
  fixtures: [],
}

const root = dirname(import.meta.dirname)

/** @param {string} path @param {string} folder */
const isIn = (path, folder) => path === folder || path.startsWith(`${folder}/`)

/**
 * The table as a lint rule. It looks at relative paths only, and at every way to write one: a package, and this package
 * by its own name, is the import of a user.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const layerRule = {
  meta: { type: 'problem', schema: [], messages: { layer: '{{part}} may import {{allowed}} (scripts/layers.js).' } },
  create(context) {
    const file = relative(root, context.filename)
    const [part, allowed] = Object.entries(layers).find(([folder]) => isIn(file, folder)) ?? []
    if (part === undefined || allowed === undefined) return {}
    const check = (/** @type {import('eslint').Rule.Node} */ node) => {
      const source = 'source' in node && node.source?.type === 'Literal' ? node.source.value : undefined
      if (typeof source !== 'string' || !source.startsWith('.')) return
      const imported = relative(root, resolve(dirname(context.filename), source))
      if ([part, ...allowed].some((folder) => isIn(imported, folder))) return
      const data = { part, allowed: allowed.join(', ') || 'nothing else of ours' }
      context.report({ node, messageId: 'layer', data })
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
    }
  },
}
