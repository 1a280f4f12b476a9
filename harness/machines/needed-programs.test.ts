import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { missingIn, neededCheck } from './needed-programs.ts'
import { toolPath } from './vm/tool.ts'

const all = ['perl', 'bash', 'unshare', 'nsenter', 'mount', 'ip', 'ping', 'cat', 'grep']
const busybox = whereIs('busybox')

/** What is told to be missing where the PATH leads to these programs, by their names there. */
async function missing(programs: Readonly<Record<string, string>>): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-path-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, file] of Object.entries(programs)) await symlink(file, join(folder, name))
  const done = spawnSync('/bin/sh', ['-c', neededCheck], { env: { PATH: folder }, encoding: 'utf8' })
  expect(done.status).toBe(missingIn(done.stderr) === undefined ? 0 : 3)
  return missingIn(done.stderr)
}

function whereIs(name: string): string {
  const folder = toolPath()
    .split(':')
    .find((one) => existsSync(join(one, name)))
  return folder === undefined ? '' : join(folder, name)
}

const here = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, whereIs(name)]))

test('this machine’s own programs are enough', async () => {
  expect(await missing(here(all))).toBeUndefined()
})

test('what is not there is named, with whose it must be', async () => {
  expect(await missing(here(all.filter((name) => !['perl', 'ip', 'grep'].includes(name))))).toBe(
    'perl, ip of iproute2, grep',
  )
  expect(await missing({})).toBe(
    'perl, bash, unshare of util-linux, nsenter, mount, ip of iproute2, ping of iputils, cat, grep',
  )
})

// As in an Alpine image after `apk add perl bash`.
test('BusyBox’s programs are told from those that labs need', async (context) => {
  if (busybox === '') context.skip('busybox is not here')
  const lesser = Object.fromEntries(all.filter((name) => !['perl', 'bash'].includes(name)).map((n) => [n, busybox]))
  expect(await missing({ ...here(['perl', 'bash']), ...lesser })).toBe(
    'unshare of util-linux, ip of iproute2, ping of iputils',
  )
  // The others are as good as theirs.
  expect(await missing({ ...lesser, ...here(['perl', 'bash', 'unshare', 'ip', 'ping']) })).toBeUndefined()
})
