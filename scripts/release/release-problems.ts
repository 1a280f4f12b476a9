import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'

/** What a release is made of, beside the tarball. */
export interface Release {
  readonly changelog: string
  /** `v1.2.3`; as in the clone of somebody who only tries, there may be none. */
  readonly tag?: string
  /** `owner/name` at GitHub, where it is released from. */
  readonly repository?: string
}

const megabyte = 1e6
/** The package was 1.0 MB when this was written; a report or a capture in it would be more than that again. */
const limit = 4 * megabyte

interface Manifest {
  readonly name: string
  readonly version: string
  readonly repository?: { readonly url?: string } | string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** What keeps a tarball from being published, each with what to do about it. */
export function releaseProblems(tarball: string, { changelog, tag, repository }: Release): string[] {
  const tar = (...args: readonly string[]) => execFileSync('tar', args, { encoding: 'utf8', maxBuffer: 16 * megabyte })
  const files = tar('-tzf', tarball)
    .trimEnd()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
  const manifest = JSON.parse(tar('-xzOf', tarball, 'package/package.json')) as Manifest
  const url = typeof manifest.repository === 'string' ? manifest.repository : manifest.repository?.url
  const entries = [...Object.values(manifest.bin), ...Object.values(manifest.exports).flatMap(pathsOf)]
  const missing = [...entries.map((path) => path.replace(/^\.\//, '')), 'LICENSE', 'README.md'].filter(
    (path) => !files.includes(path),
  )
  const strange = files.filter((path) => /\.test\.[a-z.]+$|(^|\/)testing\/|\.tgz$|\.pcapng$/.test(path))
  const { size } = statSync(tarball)
  return [
    ...(tag === undefined || tag === `v${manifest.version}`
      ? []
      : [`the tag is ${tag}, and package.json says ${manifest.version}: tag v${manifest.version}, or \`npm version\``]),
    ...(changelog.includes(manifest.version) ? [] : [`CHANGELOG.md does not speak of ${manifest.version}`]),
    ...(repository === undefined || url?.includes(`github.com/${repository}`) === true
      ? []
      : [
          `npm takes no provenance unless package.json names this repository: "repository": { "type": "git", "url": "git+https://github.com/${repository}.git" }`,
        ]),
    ...missing.map((path) => `${path} is missing in the tarball: npm run build, then npm pack`),
    ...strange.map((path) => `${path} does not belong into the tarball: see "files" in package.json`),
    ...(size <= limit ? [] : [`the tarball has ${(size / megabyte).toFixed(1)} MB; ${limit / megabyte} are expected`]),
  ]
}

const pathsOf = (target: string | Readonly<Record<string, string>>): readonly string[] =>
  typeof target === 'string' ? [target] : Object.values(target)
