import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { findBox } from '../harness/machines/vagrant/box-catalogue.ts'
import { runStep } from '../harness/machines/vagrant/step.ts'
import { vagrantObstacle } from '../harness/machines/vagrant/testing/vagrant-obstacle.ts'
import { cacheFolder } from '../harness/machines/vm/cache-folder.ts'
import { machinesMirror, mirrorVariable } from '../harness/machines/vm/debian-archive.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'

/*
 * That there is room is checked before anything is written; here somebody else fills the disk after that. It is a tmpfs in
 * a mount namespace of the command's own, which the kernel takes away with it.
 */

vi.setConfig({ testTimeout: 180_000 })

/** Milliseconds after which a folder is surely of a test that was killed. */
const staleMs = 3_600_000

/** Prefix of commands that have mounts of their own, which go with them. */
const ownDisk = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

const diskReason = await diskObstacle()
const vmReason = diskReason ?? (await vmObstacle('6.1'))
const boxReason = diskReason ?? (await vagrantObstacle('debian12'))
const buildReason = boxReason ?? (await mirrorObstacle())
const main = join(import.meta.dirname, '../harness/cli/main.ts')

beforeAll(async () => {
  const tests = await cacheFolder('tests')
  for (const name of (await readdir(tests)).filter((one) => one.startsWith('disk-'))) {
    const { mtimeMs } = await stat(join(tests, name))
    if (Date.now() - mtimeMs > staleMs) await rm(join(tests, name), { recursive: true, force: true })
  }
})

interface SmallDisk {
  readonly on: string
  readonly megabytes: number
  /** Folders of the real cache that are used as they are. */
  readonly cached: readonly string[]
  /**
   * When the disk is filled: once a file of the new cache, which may have `*` in its path, is there and is not empty; or
   * once the modules of the kernel are read, which is after the look for room and before the initramfs is written.
   */
  readonly when: { readonly kind: 'there'; readonly file: string } | { readonly kind: 'read' }
  readonly suite?: string
}

const untilThere = (file: string) => `until set -- "$disk"/netwright/${file}; [ -s "$1" ]; do sleep 0.02; done`

/** The kernel’s modules as a pipe, which who reads them opens. */
const readableOnce = `
    cp -rs "$(readlink "$disk/netwright/kernels")" "$disk/own" && rm "$disk/netwright/kernels" && mv "$disk/own" "$disk/netwright/kernels"
    piped=$disk/netwright/kernels/$(grep -o '[0-9a-f]\\{32\\}' "$disk/netwright/kernels/6.1.json")/modules.cpio
    modules=$(readlink "$piped") && rm "$piped" && mkfifo "$piped" || exit 90`

/**
 * What `netwright run` says, and what it leaves on the disk beside locks. While the disk is filled, everything in this
 * namespace stands still: what is told must not hang on who was faster.
 */
async function runOnSmallDisk({ on, megabytes, cached, when, suite }: SmallDisk) {
  const folder = await mkdtemp(join(await cacheFolder('tests'), 'disk-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [disk, file] = [join(folder, 'disk'), join(folder, 'pair.suite.ts')]
  await mkdir(disk)
  await writeFile(file, suite ?? calm)
  const links = await Promise.all(cached.map(async (name) => [name, await cacheFolder(...name.split('/'))] as const))
  const script = `
    disk=$1; shift
    mount -t tmpfs -o size=${megabytes}m none "$disk" && mkdir -p "$disk/netwright/vagrant" || exit 90
    ${links.map(([name, target]) => `ln -s '${target}' "$disk/netwright/${name}"`).join('\n    ')}
    ${when.kind === 'read' ? readableOnce : ''}
    (${when.kind === 'read' ? 'exec 3>"$piped"' : untilThere(when.file)}
      kill -s STOP -- -1
      dd if=/dev/zero of="$disk/filler" bs=1M 2>/dev/null
      : >"$disk/full"
      kill -s CONT -- -1
      ${when.kind === 'read' ? 'cat "$modules" >&3' : ''}) &
    filler=$!
    XDG_CACHE_HOME=$disk "$@"
    code=$?
    kill $filler 2>/dev/null
    rm -f "$disk/filler"
    echo left: $(cd "$disk/netwright" && find . -mindepth 2 -xdev \\( -name 'scratch-*' -o -path './vagrant/runs/*' -o -name ram \\))
    exit $code`
  const argv = [...ownDisk, 'sh', '-c', script, 'sh', disk]
  // Whatever ends this process ends it.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv, process.execPath, main, 'run', file, '--on', on], {
    cwd: folder,
    stdio: 'pipe',
  })
  child.stdin.end()
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said, left: /^left: ?(.*)$/m.exec(said)?.[1] }
}

const hosts = `
import { reached, topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'
const hosts = underlay().wire('lan', '10.0.0.0/24').host('a', { eth0: 'lan 10.0.0.1/24' }).host('b', { eth0: 'lan 10.0.0.2/24' })
`
const calm = `${hosts}
scenario(topology('pair', { underlay: hosts }), 'a reaches b').expect({ a: { b: reached } })
`
const writing = `${hosts}
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
const build = async ({ a }) => {
  const disk = process.env['XDG_CACHE_HOME']
  writeFileSync(disk + '/netwright/writing', 'soon')
  for (let looks = 0; !existsSync(disk + '/full') && looks < 300; looks += 1) await pause(100)
  await a.$\`dd if=/dev/zero of=/root/large bs=1M count=64 conv=fsync\`
}
scenario(topology('writing', { underlay: hosts, build }), 'a writes').expect({ a: { b: reached } })
`

const cases: readonly (SmallDisk & { what: string; reason: string | undefined; says: RegExp; code: number })[] = [
  {
    what: 'while a VM boots',
    reason: vmReason,
    on: 'vm:6.1',
    megabytes: 600,
    cached: ['accelerator', 'kernels', 'boot'],
    when: { kind: 'there', file: 'templates/scratch-*/ram' },
    says: /The disk became full while a VM was booted \[NETWRIGHT_DISK_FULL\][^]*SIGBUS[^]*next: Free some of the disk of \S+templates, or set XDG_CACHE_HOME/,
    code: 3,
  },
  {
    what: 'while the initramfs of a VM is written',
    reason: vmReason,
    on: 'vm:6.1',
    megabytes: 300,
    cached: ['accelerator', 'kernels', 'templates'],
    when: { kind: 'read' },
    says: /The disk became full while the initramfs of a VM was written \[NETWRIGHT_DISK_FULL\][^]*next: Free some/,
    code: 3,
  },
  {
    what: 'while a box is built',
    reason: buildReason,
    on: 'vagrant:debian12',
    megabytes: 1700,
    cached: ['accelerator', 'kernels', 'boot'],
    when: { kind: 'there', file: 'vagrant/boxes/scratch-*/scratch-*/tree/usr' },
    says: /The disk became full while the box debian12 was built \[NETWRIGHT_DISK_FULL\][^]*mmdebstrap failed[^]*next: Free some/,
    code: 3,
  },
  {
    what: 'while a box comes up',
    reason: boxReason,
    on: 'vagrant:debian12',
    megabytes: 900,
    cached: ['accelerator', 'kernels', 'boot', 'vagrant/boxes'],
    when: { kind: 'there', file: 'vagrant/runs/*/node1.console' },
    says: /The disk became full while Vagrant wrote to it \(`vagrant up [^]*\[NETWRIGHT_DISK_FULL\][^]*next: Free some of the disk of \S+runs, or/,
    code: 3,
  },
  {
    what: 'while a lab in a box writes, which stops the box',
    reason: boxReason,
    on: 'vagrant:debian12',
    megabytes: 900,
    cached: ['accelerator', 'kernels', 'boot', 'vagrant/boxes'],
    when: { kind: 'there', file: 'writing' },
    suite: writing,
    says: /NOT MET +a writes[^]*The disk became full while the box wrote to its own,[^]*\[NETWRIGHT_DISK_FULL\]/,
    code: 1,
  },
]

test.for(cases)('a disk that fills $what is told, with what to do, and nothing is left', async (one, context) => {
  const { reason, says, code } = one
  if (reason !== undefined) context.skip(reason)
  const ran = await runOnSmallDisk(one)
  expect(ran.said).toMatch(says)
  expect(ran).toMatchObject({ code, left: '' })
})

/** Why there can be no disk of a test's own, when there cannot. */
async function diskObstacle(): Promise<string | undefined> {
  const script = 'mount -t tmpfs -o size=1m none /mnt'
  const { kind, said } = await runStep([...ownDisk, 'sh', '-c', script], { limitMs: 5000 })
  return kind === 'done' ? undefined : `a disk of its own cannot be mounted: ${said.trim()}`
}

/** Why a box cannot be built, when its packages cannot be fetched; asked as mmdebstrap's apt asks. */
async function mirrorObstacle(): Promise<string | undefined> {
  const mirror = process.env[mirrorVariable] ?? (await machinesMirror())
  const box = await findBox('debian12')
  if (mirror === undefined || box.kind !== 'built') return 'the sources of this machine name no mirror of Debian'
  const scratch = await mkdtemp(join(await cacheFolder('tests'), 'disk-'))
  const url = `${mirror.replace(/\/$/, '')}/dists/${box.suite}/InRelease`
  const argv = ['/usr/lib/apt/apt-helper', 'download-file', url, join(scratch, 'got')]
  const { kind, said } = await runStep(argv, { limitMs: 30_000 })
  await rm(scratch, { recursive: true, force: true })
  return kind === 'done' ? undefined : `the mirror of Debian does not answer: ${said.trim()}`
}
