/**
 * Checks the tarball that is to be published: `npm run check:release -- netwright-1.2.3.tgz`, in CI for a tag.
 * What publishing would refuse, or would publish wrongly for ever, is told here.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { releaseProblems } from './release/release-problems.ts'
import { root } from './setup.mjs'

const [tarball, another] = process.argv.slice(2).flatMap((word) => globSync(word))
if (tarball === undefined || another !== undefined) {
  console.error('release: name one tarball, as `npm pack` makes it')
  process.exitCode = 2
} else {
  const { GITHUB_REF_NAME: tag, GITHUB_REPOSITORY: repository } = process.env
  const problems = releaseProblems(tarball, {
    changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    ...(tag === undefined ? {} : { tag }),
    ...(repository === undefined ? {} : { repository }),
  })
  for (const problem of problems) console.error(`release: ${problem}`)
  if (problems.length === 0) console.log(`${tarball} can be published`)
  else process.exitCode = 1
}
