import { execFileSync, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { boxCatalogue, type Box } from '../harness/machines/vagrant/box-catalogue.ts'
import { vagrantObstacle } from '../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { vagrantFolder } from '../harness/machines/vagrant/vagrant-files.ts'
import { vagrantMachine } from '../harness/machines/vagrant/vagrant-machine.ts'
import { cacheFolder } from '../harness/machines/vm/cache-folder.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

/** `npm run test:chaos` asks for more. */
const rounds = Number(process.env['NETWRIGHT_CHAOS_ROUNDS'] ?? 2)
/** Milliseconds of a run in which it is killed: boxes are up after ten seconds, then labs run. */
const spanMs = 15_000

const main = join(import.meta.dirname, '../harness/cli/main.ts')
const reason = await vagrantObstacle('debian12')
let folder = ''
let cache = ''

beforeAll(async () => {
  // On the cache's own file system: boxes are linked.
  folder = await mkdtemp(join(await cacheFolder('tests'), 'vagrant-'))
  // Longer than the address of a socket may be, with the folder of a run below it.
  cache = join(folder, 'cache-'.padEnd(90, 'x'))
  await mkdir(join(cache, 'netwright/vagrant'), { recursive: true })
  // The box need not be built again; everything that is made of it is.
  await symlink(await cacheFolder('vagrant', 'boxes'), join(cache, 'netwright/vagrant/boxes'))
  for (const name of ['accelerator', 'kernels']) await symlink(await cacheFolder(name), join(cache, 'netwright', name))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const boxTest = (title: string, run: () => Promise<void> | void, ms?: number) =>
  test(
    title,
    async (context) => {
      if (reason !== undefined) context.skip(reason)
      await run()
    },
    ms,
  )

boxTest(
  `kill -9 of a run in two boxes at ${String(rounds)} random moments leaves nothing`,
  async () => {
    const addresses = ownAddresses()
    let guests = 0
    for (let round = 0; round < rounds; round++) {
      const args = [
        'run',
        'macvlan-in-action/host-access',
        '--on',
        'vagrant:debian12',
        '--place',
        'node2=vagrant:debian12',
      ]
      const child = spawn(process.execPath, [main, ...args], {
        env: { ...process.env, XDG_CACHE_HOME: cache, NETWRIGHT_TEST: folder },
        stdio: 'ignore',
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      // The first one's labs have their connection, which its session tells; the others are anywhere.
      const ms = Math.round(spanMs * Math.random())
      if (round === 0) await expect.poll(hasSession, { timeout: 60_000, interval: 200 }).toBe(true)
      await Promise.race([pause(ms), once(child, 'exit')])
      guests += guestsNow()
      child.kill('SIGKILL')
      const left = async () => ({
        processes: processes(),
        runs: await readdir(join(cache, 'netwright/vagrant/runs')).catch(() => []),
        addresses: ownAddresses(),
      })
      await expect
        .poll(left, { timeout: 15_000, interval: 100, message: `killed after ${String(ms)} ms` })
        .toEqual({ processes: [], runs: [], addresses })
    }
    if (rounds >= 10) expect(guests).toBeGreaterThan(0)
  },
  60_000 + rounds * 40_000,
)

boxTest('a run whose keeper was killed with it is listed by `netwright clean`, which then removes it', async () => {
  const child = spawn(process.execPath, [main, 'run', 'macvlan-in-action/host-access', '--on', 'vagrant:debian12'], {
    env: { ...process.env, XDG_CACHE_HOME: cache, NETWRIGHT_TEST: folder },
    stdio: 'ignore',
  })
  const runs = join(cache, 'netwright/vagrant/runs')
  const keeper = async (): Promise<number> => {
    const [run = ''] = await readdir(runs).catch(() => [])
    return Number(execFileSync('sh', ['-c', `cat ${runs}/${run}/keeper.pid 2>/dev/null || echo 0`]).toString())
  }
  await expect.poll(keeper, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(netwright(['clean', '--list']).stdout).not.toContain('boxes')
  process.kill(await keeper(), 'SIGKILL')
  child.kill('SIGKILL')
  await expect.poll(processes, { timeout: 10_000 }).toEqual([])
  const [run = ''] = await readdir(runs)
  expect(run).not.toBe('')
  expect(netwright(['clean', '--list']).stdout).toMatch(new RegExp(`^boxes +${run}$`, 'm'))
  expect(await readdir(runs)).toEqual([run])
  expect(netwright(['clean']).stdout).toContain(run)
  expect(await readdir(runs)).toEqual([])
})

boxTest('a box that has died is put back for the next sandbox, its clock right', async () => {
  const machine = await vagrantMachine('debian12')
  try {
    const sandbox = await machine.openSandbox()
    const waiting = sandbox.run(['sleep', '1000']).catch((error: unknown) => error)
    await machine.channel.run(['touch', '/root/made-by-a-lab'])
    expect(await machine.trouble?.()).toBeUndefined()
    void machine.channel.run(['sh', '-c', 'echo c >/proc/sysrq-trigger']).catch(() => undefined)
    await expect.poll(() => machine.trouble?.(), { timeout: 10_000 }).toMatch(/the guest's kernel panicked: [^]*sysrq/)
    // Nobody says that the connection is lost with the kernel that held its other end.
    void machine.channel.close()
    expect(await waiting).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
    const next = await machine.openSandbox()
    expect((await next.run(['sh', '-c', 'ls /root/made-by-a-lab'])).code).not.toBe(0)
    expect(await machine.trouble?.()).toBeUndefined()
    const ahead = Number(await machine.channel.clock()) / 1e6 - Date.now()
    // The snapshot's own time is tens of seconds behind; how late a loaded machine asks counts as well.
    expect(Math.abs(ahead)).toBeLessThan(6000)
  } finally {
    await machine.dispose()
  }
})

boxTest('--fresh puts a box back before each suite file: nothing of one is left for the next', async () => {
  const suites = join(folder, 'suites')
  await mkdir(suites)
  const suite = (title: string, script: string) => `
import { reached, topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
const build = async ({ a }) => { await a.$\`${script}\` }
scenario(topology('pair', { underlay: hosts, build }), '${title}').expect({ a: { b: reached } })
`
  const dirt = 'echo here > /root/left; modprobe dummy; sysctl -w kernel.printk_ratelimit=77'
  const clean =
    '! test -e /root/left && ! grep -q ^dummy /proc/modules && ! sysctl -n kernel.printk_ratelimit | grep -x 77'
  const files = [join(suites, 'a.suite.ts'), join(suites, 'b.suite.ts')] as const
  await writeFile(files[0], suite('leaves things', `${clean} && { ${dirt}; }`))
  await writeFile(files[1], suite('leaves them as well', `${clean} && { ${dirt}; }`))
  // One after the other: without a new box, the second would find what the first has left.
  const { stdout, status } = netwright(['run', ...files, '--on', 'vagrant:debian12', '--fresh'])
  expect(stdout).toContain('2 met · 0 not met · 0 skipped')
  expect(status).toBe(0)
})

boxTest('a box is put back when another process has used it, and left alone when nobody has', async () => {
  // Each with its own view of the box, as the workers of a run have.
  const [first, second] = [await vagrantMachine('debian12'), await vagrantMachine('debian12')]
  const left = '/root/left-by-a-lab'
  const isLeft = async () => (await second.channel.run(['test', '-e', left])).code === 0
  try {
    await first.channel.run(['touch', left])
    await second.renew?.()
    expect(await isLeft()).toBe(true)
    const sandbox = await first.openSandbox()
    await sandbox.close()
    await second.renew?.()
    expect(await isLeft()).toBe(false)
  } finally {
    await first.dispose()
    await second.dispose()
  }
})

boxTest('every box of the catalogue makes a Vagrantfile that Vagrant takes, for each of its providers', async () => {
  const catalogue = await boxCatalogue()
  const cases = catalogue.flatMap((box) => {
    const names: Readonly<Partial<Record<string, string>>> =
      box.kind === 'built' ? { libvirt: `netwright/${box.name}` } : box.providers
    return Object.entries(names).map(([provider, name]) => ({ provider, name: name ?? '', install: installOf(box) }))
  })
  expect(new Set(cases.map(({ provider }) => provider))).toEqual(new Set(['libvirt', 'virtualbox', 'vmware_desktop']))
  const problems = await inTurns(
    cases.map((one, i) => ({ ...one, accel: i % 2 === 0 ? 'kvm' : 'tcg' })),
    ({ provider, name, install, accel }) =>
      validate({
        NETWRIGHT_BOX: `${name},${name}`,
        NETWRIGHT_PROVIDER: provider,
        NETWRIGHT_INSTALL1: install,
        NETWRIGHT_ACCEL: accel,
      }),
  )
  expect(problems.filter((problem) => problem !== '')).toEqual([])
  // What it must refuse, it refuses.
  expect(await validate({ NETWRIGHT_PROVIDER: 'hyperv' })).toContain('NETWRIGHT_PROVIDER=hyperv: it must match')
  expect(await validate({ NETWRIGHT_BOX: 'a,b,c' })).toContain('NETWRIGHT_BOX=a,b,c: it must match')
})

const installOf = (box: Box): string => (box.kind === 'named' ? box.install : '')

boxTest('what is wrong is said with what to do about it, before anything is started', async () => {
  const said = (on: string, env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []): string =>
    netwright(['run', 'macvlan-in-action/host-access', '--on', on], env, prefix).stderr
  expect(said('vagrant:debain12')).toMatch(
    /there is no box "debain12" \[NETWRIGHT_UNKNOWN_BOX\][^]*Did you mean "debian12"\?/,
  )
  expect(said('vagrant:debian12?provider=virtualbox')).toMatch(
    /The box debian12 is not for the provider virtualbox \[NETWRIGHT_UNSUPPORTED\][^]*next: It is for libvirt\./,
  )
  expect(said('vagrant:alma9')).toMatch(
    /This machine has nothing that runs the box alma9 \[NETWRIGHT_UNSUPPORTED\][^]*start libvirt[^]*--on vagrant:debian12/,
  )
  const bare = join(folder, 'bin')
  await mkdir(bare)
  for (const name of ['setpriv', 'flock', 'qemu-system-x86_64']) await symlink(`/usr/bin/${name}`, join(bare, name))
  expect(said('vagrant:debian12', { PATH: bare })).toMatch(
    /A box needs programs that this machine lacks: vagrant, [^]*\[NETWRIGHT_TOOL_MISSING\][^]*next: apt-get install -y --no-install-recommends vagrant vagrant-libvirt/,
  )
  const small = join(folder, 'small')
  await mkdir(small)
  const onSmallDisk = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs -o size=64m none ${small} && exec "$@"`, 'sh']
  expect(said('vagrant:debian12', { XDG_CACHE_HOME: small }, onSmallDisk)).toMatch(
    /needs 1536 MB of disk[^]*\[NETWRIGHT_UNSUPPORTED\][^]*XDG_CACHE_HOME/,
  )
  const withoutPlugins = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs none /usr/share/vagrant-plugins && exec "$@"`,
    'sh',
  ]
  expect(said('vagrant:debian12', {}, withoutPlugins)).toMatch(
    /Vagrant lacks the plugin for the provider libvirt \[NETWRIGHT_TOOL_MISSING\][^]*next: apt-get install/,
  )
})

boxTest('a box that never gets an address is given up at the outer deadline, with the end of its console', async () => {
  // The same box, but its kernel refuses the driver of the network card.
  const boxes = join(folder, 'deaf/netwright/vagrant/boxes')
  await mkdir(boxes, { recursive: true })
  const from = await cacheFolder('vagrant', 'boxes')
  const name = (await readdir(from)).find((one) => one.startsWith('debian12-')) ?? ''
  execFileSync('cp', ['-rl', join(from, name), boxes])
  const file = join(boxes, name, 'Vagrantfile')
  const text = execFileSync('cat', [file]).toString()
  await rm(file) // it is a link to the good one
  await writeFile(file, text.replace('console=ttyS0', 'console=ttyS0 initcall_blacklist=virtio_net_driver_init'))
  await symlink(await cacheFolder('accelerator'), join(folder, 'deaf/netwright/accelerator'))
  const env = { XDG_CACHE_HOME: join(folder, 'deaf'), NETWRIGHT_VAGRANT_LIMIT: '12' }
  const done = netwright(['run', 'macvlan-in-action/host-access', '--on', 'vagrant:debian12'], env)
  expect(done.status).toBe(3)
  expect(done.stderr).toMatch(
    /The box got no address within 12 s \[NETWRIGHT_VAGRANT\][^]*The console of node1 ended with:[^]*next: It must ask for one by DHCP/,
  )
  expect(await readdir(join(folder, 'deaf/netwright/vagrant/runs'))).toEqual([])
})

function netwright(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  prefix: readonly string[] = [],
): SpawnSyncReturns<string> {
  const [program = '', ...rest] = [...prefix, process.execPath, main, ...args]
  return spawnSync(program, rest, {
    env: { ...process.env, XDG_CACHE_HOME: cache, NETWRIGHT_TEST: folder, ...env },
    encoding: 'utf8',
  })
}

/** Vagrant's words against a Vagrantfile with these parameters; none when it takes it. */
async function validate(parameters: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn('vagrant', ['validate', '--ignore-provider'], {
    cwd: tmpdir(),
    env: {
      ...process.env,
      VAGRANT_CWD: vagrantFolder,
      VAGRANT_HOME: join(folder, 'vagrant-home'),
      VAGRANT_DOTFILE_PATH: join(folder, 'vagrant-state'),
      VAGRANT_CHECKPOINT_DISABLE: '1',
      ...parameters,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return code === 0 ? '' : `${JSON.stringify(parameters)}: ${said}`
}

async function inTurns<One>(all: readonly One[], act: (one: One) => Promise<string>): Promise<string[]> {
  const waiting = [...all]
  const answers: string[] = []
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) answers.push(await act(one))
  }
  await Promise.all([worker(), worker()])
  return answers
}

/**
 * The command lines of the processes that belong to these tests: by their environment, which libvirt takes from its
 * children, by the paths of their arguments, or by their mounts.
 */
function processes(): readonly string[] {
  const script =
    'for d in /proc/[0-9]*; do { { tr "\\0" "\\n" <$d/environ | grep -qx "NETWRIGHT_TEST=$1"; } || grep -q "$1" $d/cmdline $d/mountinfo; } 2>/dev/null && tr "\\0" " " <$d/cmdline && echo " ($d)"; done; :'
  return execFileSync('sh', ['-c', script, 'sh', folder])
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.includes('grep -q'))
}

/** QEMUs of these tests. */
const guestsNow = (): number => processes().filter((line) => line.includes('qemu-system')).length

/** Whether the boxes of a run are up, and answer over ssh. */
async function hasSession(): Promise<boolean> {
  const runs = join(cache, 'netwright/vagrant/runs')
  const names = await readdir(runs).catch(() => [])
  const files = await Promise.all(names.map((name) => readdir(join(runs, name)).catch(() => [])))
  return files.flat().includes('session.json')
}

/** Links and addresses of this machine itself. */
function ownAddresses(): string {
  return execFileSync('ip', ['-br', 'address']).toString()
}
