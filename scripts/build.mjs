/** Builds `harness/` into `dist/`: JavaScript with declarations, and beside it the Perl that runs inside sandboxes. */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
cpSync(join(root, 'harness'), dist, {
  recursive: true,
  filter: (path) => !/\.[^./]+$/.test(path) || path.endsWith('.pl'),
})
