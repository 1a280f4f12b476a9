import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { cacheFolder } from '../harness/machines/vm/cache-folder.ts'
import { vagrantObstacle } from '../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { vagrantFolder } from '../harness/machines/vagrant/vagrant-files.ts'

/** They take a minute each, and what they look at changes seldom: `npm run test:chaos` asks for them. */
const rounds = Number(process.env['NETWRIGHT_CHAOS_ROUNDS'] ?? 0)
const reason = rounds > 0 ? await vagrantObstacle('debian12') : '`npm run test:chaos` runs it'
/** Milliseconds of a run in which it is killed: its box is uploaded after four seconds, up after twelve, then a lab runs. */
const spanMs = 15_000
const main = fileURLToPath(new URL('../harness/cli/main.ts', import.meta.url))
const nothing = { guests: [], domains: [], volumes: [], boxes: [], runs: [], unwell: '' }

test('kill -9 of a run at a libvirt that others use leaves nothing there, at whichever moment', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const shared = await openShared()
  for (let round = 0; round < Math.min(rounds, 10); round++) {
    const run = await shared.start()
    // The first one has its box up, the others are anywhere.
    if (round === 0) await shared.up(run)
    else await Promise.race([pause(Math.round(spanMs * Math.random())), once(run.child, 'exit')])
    const before = await shared.remains()
    if (round === 0) expect(before).toMatchObject({ guests: [{}], domains: [{}], volumes: [{}, {}], boxes: [{}] })
    await run.kill()
    const message = `killed when there was ${JSON.stringify({ ...before, guests: before.guests.length })}`
    await expect.poll(shared.remains, { timeout: 60_000, interval: 500, message }).toEqual(nothing)
  }
}, 900_000)

test('what stays when the keeper is killed as well is listed and removed by netwright clean, and a run that lives is not', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const shared = await openShared()
  const own = await shared.start()
  await shared.up(own)
  const ofLive = await shared.remains()
  const other = await shared.start()
  await shared.up(other)
  // Both at once: the keeper has no time to clear up.
  const [name = ''] = (await readdir(shared.runs)).filter((run) => !other.before.includes(run))
  const pid = await readFile(join(shared.runs, name, 'keeper.pid'), 'utf8')
  shared.inside('kill', '-KILL', pid.trim())
  await other.kill()
  const listed = await shared.netwright('clean', '--list')
  expect(listed.stdout).toMatch(new RegExp(`^boxes +${name}$`, 'm'))
  expect(listed.stdout.match(/^boxes /gm)).toHaveLength(1)
  const left = await shared.remains()
  expect(left.volumes).toHaveLength(4)
  expect(left.boxes).toHaveLength(2)
  expect((await shared.netwright('clean')).stderr).toContain('removed')
  // The other run lives on.
  expect(await shared.remains()).toEqual(ofLive)
  await own.kill()
  await expect.poll(shared.remains, { timeout: 60_000, interval: 500 }).toEqual(nothing)
}, 300_000)

/** A libvirt that several use, and what runs at it. */
async function openShared() {
  const folder = await mkdtemp(join(await cacheFolder('tests'), 'shared-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const cache = join(folder, 'cache')
  await mkdir(join(cache, 'netwright/vagrant'), { recursive: true })
  await symlink(await cacheFolder('vagrant', 'boxes'), join(cache, 'netwright/vagrant/boxes'))
  for (const name of ['accelerator', 'kernels']) await symlink(await cacheFolder(name), join(cache, 'netwright', name))
  const { enter, images } = await startLibvirt(folder)
  const home = join(folder, 'home')
  const env = { ...process.env, XDG_CACHE_HOME: cache, VAGRANT_HOME: home, NETWRIGHT_LIBVIRT: 'system' }
  const runs = join(cache, 'netwright/vagrant/runs')
  const netwright = (...args: readonly string[]) => {
    const [program = '', ...argv] = [...enter, process.execPath, main, ...args]
    return [program, argv] as [string, string[]]
  }
  const listOf = (path: string): Promise<readonly string[]> => readdir(path).catch(() => [])
  const starting = async () => {
    const before = await listOf(runs)
    // Longer than another takes to start.
    const child = spawn(...netwright('run', 'macvlan-in-action', '--on', 'vagrant:debian12'), { env, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    return { before, child }
  }
  return {
    runs,
    /** Runs a program where its process IDs are. */
    inside: (...argv: readonly string[]) => {
      const [program = '', ...rest] = [...enter, ...argv]
      return execFileSync(program, rest).toString()
    },
    start: async () => {
      const { before, child } = await starting()
      return { before, child, kill: () => killInside(child) }
    },
    /** Until a run that has been started has its box up. */
    up: async ({ before, child }: { before: readonly string[]; child: ChildProcess }) => {
      const isUp = async () => {
        const ours = (await listOf(runs)).filter((name) => !before.includes(name))
        const files = await Promise.all(ours.map((name) => listOf(join(runs, name))))
        return files.flat().includes('session.json') || child.exitCode
      }
      await expect.poll(isUp, { timeout: 90_000, interval: 200 }).toBe(true)
    },
    remains: async () => ({
      guests: guests(folder),
      domains: definedIn(enter),
      volumes: await listOf(images),
      boxes: [...(await listOf(join(home, 'boxes'))), ...(await listOf(join(home, 'tmp')))],
      runs: await listOf(runs),
      unwell: await wordsOf(runs),
    }),
    netwright: (...args: readonly string[]) =>
      new Promise<{ stdout: string; stderr: string }>((resolve) => {
        execFile(...netwright(...args), { env }, (_, stdout, stderr) => resolve({ stdout, stderr }))
      }),
  }
}

/** What Vagrant said when it could not remove machines. */
async function wordsOf(runs: string): Promise<string> {
  const names = await readdir(runs).catch(() => [])
  const logs = await Promise.all(names.map((name) => readFile(join(runs, name, 'destroy.log'), 'utf8').catch(() => '')))
  return logs.join('').trim()
}

/** nsenter has forked: its child is the run. */
async function killInside(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  process.kill(Number(execFileSync('pgrep', ['-P', String(child.pid)])), 'SIGKILL')
  await ended
}

/** A libvirt as a machine has it, in namespaces of the test's own; it ends with the test. */
async function startLibvirt(folder: string): Promise<{ enter: readonly string[]; images: string }> {
  const images = join(folder, 'images')
  await mkdir(images)
  const script = join(vagrantFolder, 'libvirt', 'inside.sh')
  const namespaces = ['unshare', '--net', '--mount', '--ipc', '--pid', '--fork', '--kill-child']
  const capabilities = await cacheFolder('vagrant', 'capabilities')
  const argv = ['--pdeathsig', 'KILL', ...namespaces, 'sh', script, folder, capabilities]
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

/** Domains that a libvirt knows, running or not: each has a file. */
function definedIn([program = '', ...enter]: readonly string[]): readonly string[] {
  const files = execFileSync(program, [...enter, 'ls', '/etc/libvirt/qemu'])
    .toString()
    .split('\n')
  return files.filter((name) => name.endsWith('.xml'))
}

/** Command lines of the QEMUs whose disks are below a folder. */
function guests(folder: string): readonly string[] {
  return execFileSync('ps', ['-eo', 'args='], { maxBuffer: 2 ** 26 })
    .toString()
    .split('\n')
    .filter((line) => line.includes('guest=netwright-') && line.includes(folder))
}
