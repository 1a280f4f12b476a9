import { globSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { NetwrightError } from '../model/errors.ts'
import { nearest } from '../model/names.ts'
import { suiteName } from '../suite/suite-name.ts'
import { bundledSuites, packageRoot } from './package-place.ts'

/** A suite file that can be run. */
export interface SuiteFile {
  /** `macvlan-in-action/host-access` */
  readonly name: string
  readonly file: string
  /** Whether it comes with the package. */
  readonly bundled: boolean
}

/** Folders that names of suites are relative to. */
export function suiteRoots(cwd: string): readonly string[] {
  return isOwnProject(cwd) ? [bundledSuites, cwd] : [bundledSuites]
}

/** The suites of the package, and those of the user's project. */
export function findSuites(cwd: string): SuiteFile[] {
  const roots = suiteRoots(cwd)
  const own = isOwnProject(cwd) ? suiteFilesBelow(cwd) : []
  return [
    ...own.map((file) => ({ name: suiteName(file, roots), file, bundled: false })),
    ...suiteFilesBelow(bundledSuites).map((file) => ({ name: suiteName(file, roots), file, bundled: true })),
  ]
}

/** In a clone, or in the package's folder, the only suites are the bundled ones. */
function isOwnProject(cwd: string): boolean {
  const path = relative(packageRoot, cwd)
  return path !== '' && (path.startsWith('..') || isAbsolute(path))
}

const skipped = /^(node_modules|dist|coverage|netwright-report|\..*)$/

function suiteFilesBelow(folder: string): string[] {
  // Deeper than a project's folders go; a home folder must not be searched for minutes.
  const patterns = [0, 1, 2, 3, 4].map((depth) => `${'*/'.repeat(depth)}*.suite.{ts,mts,js,mjs}`)
  const found = globSync(patterns, { cwd: folder, exclude: (name) => skipped.test(name) })
  return found.sort().map((path) => join(folder, path))
}

/**
 * The suites that words of the command line name: a folder or file below `suites/`, or the path of a file or folder.
 * Without words, the user's own suites, or the bundled ones where there are none.
 *
 * @throws NETWRIGHT_UNKNOWN_SUITE with the name that was probably meant
 */
export function chooseSuites(words: readonly string[], suites: readonly SuiteFile[], cwd: string): SuiteFile[] {
  if (words.length === 0) {
    const own = suites.filter(({ bundled }) => !bundled)
    return own.length > 0 ? own : [...suites]
  }
  return [...new Set(words.flatMap((word) => suitesNamed(word, suites, cwd)))]
}

function suitesNamed(word: string, suites: readonly SuiteFile[], cwd: string): readonly SuiteFile[] {
  // As a path, it would be this folder.
  if (word.trim() === '') throw emptyWord(word)
  const name = word
    .replace(/^\.\//, '')
    .replace(/^suites\//, '')
    .replace(/\/$/, '')
    .replace(/\.suite\.[cm]?[jt]s$/, '')
  const named = suites.filter((suite) => suite.name === name || suite.name.startsWith(`${name}/`))
  if (named.length > 0) return named
  const path = resolve(cwd, word)
  const below = suites.filter(({ file }) => file === path || file.startsWith(`${path}/`))
  if (below.length > 0) return below
  // A file that is written out may be called anything and lie anywhere.
  if (/\.[cm]?[jt]s$/.test(word) && statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
    return [{ name: suiteName(path, suiteRoots(cwd)), file: path, bundled: false }]
  }
  throw unknownSuite(word, name, suites)
}

/** Most often a variable of a script that nobody has set. */
function emptyWord(word: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_UNKNOWN_SUITE', `there is no suite ${JSON.stringify(word)}`, {
    place: 'command line',
    next: 'Leave the empty word out to mean every suite, or write `.` for those of this folder.',
  })
}

function unknownSuite(word: string, name: string, suites: readonly SuiteFile[]): NetwrightError {
  const folders = [...new Set(suites.map((suite) => suite.name.split('/', 1)[0] ?? ''))]
  // A file is also meant by its own name, without its folder.
  const files = suites.map((suite) => suite.name)
  const last = files.find((file) => file.slice(file.indexOf('/') + 1) === name)
  const close = last ?? nearest(name, [...folders, ...files])
  const suggestion = close === undefined ? '' : `Did you mean "${close}"? `
  return new NetwrightError('NETWRIGHT_UNKNOWN_SUITE', `there is no suite ${JSON.stringify(word)}`, {
    place: 'command line',
    next: `${suggestion}There are: ${folders.join(', ')}. \`netwright run --list\` lists every file and scenario.`,
  })
}
