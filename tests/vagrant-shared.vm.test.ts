import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { cacheFolder } from '../harness/machines/vm/cache-folder.ts'
import { vagrantObstacle } from '../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { vagrantFolder } from '../harness/machines/vagrant/vagrant-files.ts'

/** It takes 40 s, and what it looks at changes seldom: `npm run test:chaos` asks for it. */
const isAskedFor = process.env['NETWRIGHT_CHAOS_ROUNDS'] !== undefined
const reason = isAskedFor ? await vagrantObstacle('debian12') : '`npm run test:chaos` runs it'
const main = fileURLToPath(new URL('../harness/cli/main.ts', import.meta.url))

test('kill -9 of a run at a libvirt that others use destroys its machine there, and leaves box and volume', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const folder = await mkdtemp(join(await cacheFolder('tests'), 'shared-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const cache = join(folder, 'cache')
  await mkdir(join(cache, 'netwright/vagrant'), { recursive: true })
  await symlink(await cacheFolder('vagrant', 'boxes'), join(cache, 'netwright/vagrant/boxes'))
  for (const name of ['accelerator', 'kernels']) await symlink(await cacheFolder(name), join(cache, 'netwright', name))
  const { enter, images } = await startLibvirt(folder)
  const env = { ...process.env, XDG_CACHE_HOME: cache, VAGRANT_HOME: join(folder, 'home'), NETWRIGHT_LIBVIRT: 'system' }
  const argv = [main, 'run', 'macvlan-in-action/host-access', '--on', 'vagrant:debian12']
  const [program = '', ...rest] = [...enter, process.execPath, ...argv]
  const run = spawn(program, rest, { env, stdio: 'ignore' })
  onTestFinished(() => void run.kill('SIGKILL'))
  const runs = join(cache, 'netwright/vagrant/runs')
  const files = () => readdir(runs, { recursive: true }).catch(() => [])
  const isUp = async () => (await files()).some((file) => file.endsWith('session.json')) || run.exitCode
  await expect.poll(isUp, { timeout: 90_000, interval: 200 }).toBe(true)
  expect(guests(folder)).toHaveLength(1)
  // nsenter has forked: its child is the run.
  const ended = once(run, 'exit')
  const pid = Number(execFileSync('pgrep', ['-P', String(run.pid)]))
  process.kill(pid, 'SIGKILL')
  await ended
  const left = async () => ({ guests: guests(folder), files: await files() })
  await expect.poll(left, { timeout: 60_000, interval: 200 }).toEqual({ guests: [], files: [] })
  const name = /^netwright-VAGRANTSLASH-debian12-/
  expect(await readdir(join(folder, 'home/boxes'))).toEqual([expect.stringMatching(name)])
  expect(await readdir(images)).toEqual([expect.stringMatching(name)])
}, 240_000)

/** A libvirt as a machine has it, in namespaces of the test's own; it ends with the test. */
async function startLibvirt(folder: string): Promise<{ enter: readonly string[]; images: string }> {
  const images = join(folder, 'images')
  await mkdir(images)
  const script = join(vagrantFolder, 'libvirt', 'inside.sh')
  const namespaces = ['unshare', '--net', '--mount', '--ipc', '--pid', '--fork', '--kill-child']
  const argv = [
    '--pdeathsig',
    'KILL',
    ...namespaces,
    'sh',
    script,
    folder,
    await cacheFolder('vagrant', 'capabilities'),
  ]
  const child = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const [said] = (await Promise.race([once(child.stdout, 'data'), ended])) as [unknown]
  const pid = /^ready (\d+)/.exec(String(said))?.[1] ?? ''
  expect(pid, 'libvirt starts').not.toBe('')
  onTestFinished(async () => {
    process.kill(Number(pid), 'SIGKILL')
    await ended
  })
  return { enter: ['nsenter', '--target', pid, '--net', '--mount', '--ipc', '--pid', '--'], images }
}

/** Command lines of the QEMUs whose disks are below a folder. */
function guests(folder: string): readonly string[] {
  return execFileSync('ps', ['-eo', 'args='], { maxBuffer: 2 ** 26 })
    .toString()
    .split('\n')
    .filter((line) => line.includes('guest=netwright-') && line.includes(folder))
}
