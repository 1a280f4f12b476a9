import { isAbsolute, relative } from 'node:path'

/**
 * The name of a suite file: its path below the innermost of the roots that holds it, without the ending.
 *
 * @example
 * suiteName('/p/suites/vlan/tags.suite.ts', ['/p/suites']) // 'vlan/tags'
 */
export function suiteName(file: string, roots: readonly string[]): string {
  const paths = roots.map((root) => relative(root, file)).filter((path) => !path.startsWith('..') && !isAbsolute(path))
  const [shortest = file] = paths.sort((a, b) => a.length - b.length)
  return shortest.replace(/\.suite\.[cm]?[jt]s$|\.test\.[cm]?[jt]s$|\.[cm]?[jt]s$/, '')
}
