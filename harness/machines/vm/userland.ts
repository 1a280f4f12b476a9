import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NetwrightError } from '../../model/errors.ts'
import { agentFile } from '../channel/agent-process.ts'
import { contentName } from './cache-folder.ts'
import type { ArchiveEntry } from './newc.ts'
import { tool, toolPath } from './tool.ts'

/** Programs without which no lab runs, each with the Debian package that has it. */
const needed: Readonly<Record<string, string>> = {
  perl: 'perl-base',
  sh: 'dash',
  bash: 'bash',
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  ss: 'iproute2',
  ping: 'iputils-ping',
  modprobe: 'kmod',
  sysctl: 'procps',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  cat: 'coreutils',
  grep: 'grep',
  sed: 'sed',
}

/** Programs that come along when this machine has them; a suite that needs one says so (`tool:nft`). */
const welcome = (
  'nft iptables ip6tables iptables-save ip6tables-save ebtables arptables conntrack ipset tcpdump ethtool arping ndisc6 rdisc6 ' +
  'dhclient dnsmasq udhcpc udhcpd radvd socat nc curl traceroute mtr iperf3 brctl ifconfig route arp nstat rtmon ' +
  'lsmod insmod rmmod modinfo kmod ps kill pgrep pkill free top setpriv setsid prlimit flock mountpoint lsns dmesg hostname ' +
  'awk find xargs gzip zcat tar diff cmp ' +
  'basename chmod chown cp cut date dd dirname du echo env expr false head id install ln ls mkdir mkfifo mknod mktemp mv nice ' +
  'nohup nproc od printf pwd readlink realpath rm rmdir seq sha256sum sleep sort split stat stty sync tac tail tee test [ timeout ' +
  'touch tr true truncate tty uname uniq wc which whoami yes ' +
  'bgpd zebra vtysh watchfrr ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl ovs-ofctl ovs-appctl bird birdc cansend candump openssl'
).split(' ')

/** Files and folders that programs read at run time. */
const data = (
  '/etc/iproute2 /usr/share/iproute2 /usr/lib/iproute2 /etc/protocols /etc/services /etc/ethertypes /etc/os-release /etc/nsswitch.conf ' +
  '/usr/lib/tc /usr/lib/x86_64-linux-gnu/xtables /usr/lib64/xtables /usr/lib/xtables ' +
  '/usr/share/openvswitch/vswitch.ovsschema'
).split(' ')

const emptyFolders = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/root',
  '/usr/bin',
  '/usr/sbin',
  '/usr/lib64',
  '/mnt',
  '/var/tmp',
  '/var/lib',
]

const initFile = fileURLToPath(new URL('guest/init.pl', import.meta.url))

/** What a guest's userland is made of, and a name that changes whenever any of it does. */
export interface UserlandParts {
  readonly programs: ReadonlyMap<string, string>
  readonly data: readonly string[]
  readonly fingerprint: string
}

/**
 * Finds this machine's own programs for a guest, without reading them. More than a thousand files are asked for, which
 * takes 10 ms one after the other, and 100 ms as promises.
 *
 * @throws NETWRIGHT_TOOL_MISSING naming the packages of needed programs that are not there
 */
export async function findUserland(): Promise<UserlandParts> {
  const programs = findPrograms()
  const missing = Object.keys(needed).filter((name) => !programs.has(name))
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => needed[name] ?? name))]
    const what = `A guest needs programs that this machine lacks: ${missing.join(', ')}`
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', what, {
      next: `apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    })
  }
  const found = data.flatMap(filesUnder)
  // An upgraded library shows in the loader's cache.
  const files = [...programs.values(), ...found, '/etc/ld.so.cache']
  const states = files.map((file) => {
    const { size, mtimeMs, ino } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0, ino: 0 }
    return `${file} ${size} ${mtimeMs} ${ino}`
  })
  // This file decides what comes along.
  const own = fileURLToPath(import.meta.url)
  const sources = await Promise.all([agentFile, initFile, own].map((file) => readFile(file)))
  return { programs, data: found, fingerprint: contentName(...states, ...programs.keys(), ...sources) }
}

/** The files of a guest's userland: the programs, the libraries they are linked with, what they read, and the agent. */
export async function userlandEntries({ programs, data }: UserlandParts): Promise<readonly ArchiveEntry[]> {
  const perl = await perlFiles()
  const modules = [...data, ...perl].filter((file) => /\.so(\.|$)/.test(file))
  const libraries = await linkedLibraries([...programs.values(), ...modules])
  const entries = new Map<string, ArchiveEntry>()
  const put = (entry: ArchiveEntry): void => {
    if (!entries.has(entry.path)) entries.set(entry.path, entry)
  }
  for (const path of ['/bin', '/sbin', '/lib', '/lib64']) put({ kind: 'link', path, target: `usr${path}` })
  put({ kind: 'link', path: '/var/run', target: '/run' })
  for (const path of emptyFolders) put({ kind: 'folder', path })
  put({ kind: 'folder', path: '/tmp', mode: 0o1777 })
  const add = async (path: string, from: string): Promise<void> => {
    const at = path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/')
    if (!entries.has(at)) put({ kind: 'file', path: at, mode: 0o755, bytes: await readFile(from) })
  }
  for (const [name, file] of programs) await add(guestPath(name, file), file)
  // The kernel and scripts start these by their full names.
  for (const name of ['modprobe', 'ip', 'iptables', 'ip6tables']) {
    const file = programs.get(name)
    if (file !== undefined) await add(`/usr/sbin/${name}`, file)
  }
  for (const file of [...libraries, ...data, ...perl]) await add(file, file)
  await add('/netwright/agent.pl', agentFile)
  const text = (path: string, content: string, mode = 0o644): void => {
    put({ kind: 'file', path, mode, bytes: Buffer.from(content) })
  }
  text('/init', `#!/usr/bin/perl\n${await readFile(initFile, 'utf8')}`, 0o755)
  text('/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n')
  text('/etc/group', 'root:x:0:\nnogroup:x:65534:\n')
  text('/etc/hosts', '127.0.0.1 localhost\n::1 localhost\n')
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Where a program is in the guest: under its own name, whatever link led to it here. */
function guestPath(name: string, file: string): string {
  return `/usr/${/\/sbin\//.test(file) ? 'sbin' : 'bin'}/${name}`
}

function findPrograms(): Map<string, string> {
  const folders = toolPath().split(':')
  const found = new Map<string, string>()
  for (const name of [...Object.keys(needed), ...welcome]) {
    const file = folders.map((folder) => join(folder, name)).find(isProgram)
    if (file !== undefined) found.set(name, file)
  }
  return found
}

function isProgram(file: string): boolean {
  if (!file.startsWith('/')) return false
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function filesUnder(path: string): readonly string[] {
  const info = statSync(path, { throwIfNoEntry: false })
  if (info === undefined) return []
  return info.isDirectory() ? readdirSync(path).flatMap((name) => filesUnder(join(path, name))) : [path]
}

/** What ldd finds, by the names that programs ask for. Scripts and static programs need nothing. */
export async function linkedLibraries(files: readonly string[]): Promise<readonly string[]> {
  const real = [...new Set(await Promise.all(files.map((file) => realpath(file))))]
  const text = (await tool(['sh', '-c', 'ldd "$@" 2>/dev/null; true', 'sh', ...real])).toString()
  return readLdd(text)
}

/** The paths in ldd's output: `libc.so.6 => /lib/… (0x…)` and the loader's `/lib64/ld-linux… (0x…)`. */
export function readLdd(text: string): readonly string[] {
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const path = /^\s+(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1]
    if (path !== undefined) found.add(path)
  }
  return [...found]
}

/** Modules of perl that the agent's pragmas need, and those that scripts commonly ask for. */
const perlModules =
  'strict integer warnings Socket IO::Handle IO::Socket IO::Select Fcntl POSIX Errno List::Util File::Glob Time::HiRes'

async function perlFiles(): Promise<readonly string[]> {
  const script = `eval "require $_" for @ARGV; print join "\\n", values %INC, @DynaLoader::dl_shared_objects`
  const text = (await tool(['perl', '-e', script, ...perlModules.split(' ')])).toString()
  return text.split('\n').filter((path) => path.startsWith('/'))
}
