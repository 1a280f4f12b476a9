import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How a kind of distribution installs packages. */
interface Installer {
  readonly ids: readonly string[]
  readonly command: string
}

const installers = {
  apt: { ids: ['debian', 'ubuntu'], command: 'apt-get install -y' },
  dnf: { ids: ['fedora', 'rhel', 'centos'], command: 'dnf install -y' },
  apk: { ids: ['alpine'], command: 'apk add' },
  zypper: { ids: ['suse', 'opensuse'], command: 'zypper install -y' },
  pacman: { ids: ['arch'], command: 'pacman -S --noconfirm' },
} as const satisfies Record<string, Installer>

type InstallerName = keyof typeof installers

interface ToolNeed {
  readonly name: string
  readonly why: string
  /** Without it no lab can be made. */
  readonly required: boolean
  readonly packages: Readonly<Record<InstallerName, string>>
}

const everywhere = (name: string): ToolNeed['packages'] => ({
  apt: name,
  dnf: name,
  apk: name,
  zypper: name,
  pacman: name,
})
const iproute = { ...everywhere('iproute2'), dnf: 'iproute' }

const tools: readonly ToolNeed[] = [
  {
    name: 'unshare',
    why: 'makes the sandbox of a lab',
    required: true,
    packages: { ...everywhere('util-linux'), apk: 'util-linux-misc' },
  },
  {
    name: 'setpriv',
    why: 'ties the life of a lab to ours',
    required: true,
    packages: { ...everywhere('util-linux'), apk: 'setpriv' },
  },
  {
    name: 'perl',
    why: 'runs the agent inside a sandbox',
    required: true,
    packages: { ...everywhere('perl'), apt: 'perl-base', dnf: 'perl-interpreter' },
  },
  { name: 'ip', why: 'builds topologies and reads the graph back', required: true, packages: iproute },
  {
    name: 'bash',
    why: 'runs what topologies type with pipes and quotes',
    required: true,
    packages: everywhere('bash'),
  },
  {
    name: 'ping',
    why: 'documents type it; scripts printed from a run check with it',
    required: false,
    packages: { ...everywhere('iputils'), apt: 'iputils-ping' },
  },
  {
    name: 'nsenter',
    why: 'enters a kept lab, and the shell of `netwright lab`',
    required: false,
    packages: { ...everywhere('util-linux'), apk: 'util-linux-misc' },
  },
  {
    name: 'nft',
    why: 'names the rule that dropped a packet, and firewall topologies',
    required: false,
    packages: everywhere('nftables'),
  },
  {
    name: 'ss',
    why: 'tells whether anybody listens at a port',
    required: false,
    packages: { ...iproute, apk: 'iproute2-ss' },
  },
  { name: 'tcpdump', why: 'reads the captures of a report by hand', required: false, packages: everywhere('tcpdump') },
  { name: 'modprobe', why: 'loads the kernel modules of link types', required: false, packages: everywhere('kmod') },
]

/** A program of the machine. */
export interface ToolState {
  readonly name: string
  readonly why: string
  readonly required: boolean
  /** Absent when the machine does not have it. */
  readonly path?: string
  /** The exact command that gets it; absent when it is there. */
  readonly get?: string
}

export interface ToolPlace {
  /** Folders that programs are looked for in. */
  readonly folders: readonly string[]
  /** os-release(5). */
  readonly osRelease: string
  readonly isRoot: boolean
}

/** Where programs of this machine lie: those for administrators are often not on an ordinary user's PATH. */
export function thisMachine(): ToolPlace {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  let osRelease = ''
  try {
    osRelease = readFileSync('/etc/os-release', 'utf8')
  } catch {
    // Then the command cannot be told, but the package can.
  }
  return { folders: folders.filter((folder) => folder !== ''), osRelease, isRoot: process.geteuid?.() === 0 }
}

/** The programs that labs and reports use. */
export const toolNames: readonly string[] = tools.map(({ name }) => name)

/**
 * Looks for every tool that labs and reports use.
 *
 * @param pathOf - where a program is; in the folders of the place unless told
 */
export function findTools(
  place: ToolPlace,
  pathOf = (name: string) => place.folders.map((folder) => join(folder, name)).find(isProgram),
): ToolState[] {
  return tools.map(({ name, why, required, packages }) => {
    const path = pathOf(name)
    if (path !== undefined) return { name, why, required, path }
    return { name, why, required, get: installCommand(packages, place) }
  })
}

function installCommand(packages: ToolNeed['packages'], { osRelease, isRoot }: ToolPlace): string {
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? ''
  const ids = `${field('ID')} ${field('ID_LIKE')}`.split(/\s+/)
  const found = Object.entries(installers).find(([, { ids: known }]) => known.some((id) => ids.includes(id)))
  if (found === undefined) return `install the package ${packages.apt} (its name in Debian)`
  const name = found[0] as InstallerName
  return `${isRoot ? '' : 'sudo '}${installers[name].command} ${packages[name]}`
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
