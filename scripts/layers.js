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
  'harness/machines': ['harness/model'],
  'harness/lab': ['harness/model', 'harness/machines/machine.ts'],
  'harness/probe': ['harness/model', 'harness/lab'],
  'harness/verdict': ['harness/model'],
  'harness/suite': ['harness/model', 'harness/machines', 'harness/lab', 'harness/probe', 'harness/verdict'],
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

/** These see the package as its users do; inside `harness/` it would be a circle. */
const importThePackage = ['suites', 'fixtures']

/**
 * The table as zones of `import-x/no-restricted-paths`.
 *
 * @returns {{ target: string, from: string, except: string[], message: string }[]}
 */
export const layerZones = () =>
  Object.entries(layers).map(([part, allowed]) => ({
    target: part,
    from: '.',
    except: [part, ...allowed, 'node_modules', ...(importThePackage.includes(part) ? ['dist'] : [])],
    message: `${part} may import ${allowed.join(', ') || 'nothing else of ours'} (scripts/layers.js).`,
  }))
