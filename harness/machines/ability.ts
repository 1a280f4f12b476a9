import type { Channel } from './channel/channel.ts'
import { FarEndError } from './channel/channel.ts'
import { dockerPrograms, dockerRemedy } from './docker-programs.ts'
import type { Ability, Feature } from './machine.ts'

interface LinkType {
  /** The kernel option that carries it. */
  readonly config: string
  /** What `ip link add` needs beside the type. */
  readonly args?: string
  /** Sits on another device: a veth made for the attempt, `nwlower`, whose peer is `nwother`. */
  readonly lower?: boolean
  /** Types that `ip link add` does not make. */
  readonly command?: string
  /** Sits on hardware that no lab has: whatever else the kernel answers, it knows the type. */
  readonly hardware?: true
}

const linkTypes: Readonly<Record<string, LinkType>> = {
  bridge: { config: 'CONFIG_BRIDGE' },
  veth: { config: 'CONFIG_VETH', args: 'peer name nwpeer' },
  macvlan: { config: 'CONFIG_MACVLAN', lower: true },
  macvtap: { config: 'CONFIG_MACVTAP', lower: true },
  ipvlan: { config: 'CONFIG_IPVLAN', lower: true },
  ipvtap: { config: 'CONFIG_IPVTAP', lower: true },
  vxlan: { config: 'CONFIG_VXLAN', args: 'id 42 dstport 4789' },
  vlan: { config: 'CONFIG_VLAN_8021Q', args: 'id 42', lower: true },
  tun: { config: 'CONFIG_TUN', command: 'ip tuntap add dev nwtest mode tun' },
  dummy: { config: 'CONFIG_DUMMY' },
  ifb: { config: 'CONFIG_IFB' },
  bond: { config: 'CONFIG_BONDING' },
  vrf: { config: 'CONFIG_NET_VRF', args: 'table 42' },
  macsec: { config: 'CONFIG_MACSEC', lower: true },
  geneve: { config: 'CONFIG_GENEVE', args: 'id 42 remote 127.0.0.1' },
  gre: { config: 'CONFIG_NET_IPGRE', args: 'remote 127.0.0.2 local 127.0.0.1' },
  gretap: { config: 'CONFIG_NET_IPGRE', args: 'remote 127.0.0.2 local 127.0.0.1' },
  ipip: { config: 'CONFIG_NET_IPIP', args: 'remote 127.0.0.2 local 127.0.0.1' },
  sit: { config: 'CONFIG_IPV6_SIT', args: 'remote 127.0.0.2 local 127.0.0.1' },
  vti: { config: 'CONFIG_NET_IPVTI', args: 'remote 127.0.0.2 local 127.0.0.1 key 1' },
  ip6tnl: { config: 'CONFIG_IPV6_TUNNEL', args: 'remote ::2 local ::1' },
  ip6gre: { config: 'CONFIG_IPV6_GRE', args: 'remote ::2 local ::1' },
  ip6gretap: { config: 'CONFIG_IPV6_GRE', args: 'remote ::2 local ::1' },
  hsr: { config: 'CONFIG_HSR', args: 'slave1 nwlower slave2 nwother', lower: true },
  nlmon: { config: 'CONFIG_NLMON' },
  vcan: { config: 'CONFIG_CAN_VCAN' },
  can: { config: 'CONFIG_CAN_DEV', hardware: true },
  ipoib: { config: 'CONFIG_INFINIBAND_IPOIB', lower: true, hardware: true },
  // Made by ovs-vswitchd: a kernel that has it has its module.
  openvswitch: {
    config: 'CONFIG_OPENVSWITCH',
    command:
      '{ test -e /sys/module/openvswitch || modprobe -q openvswitch; } && ip link add nwtest type veth peer name nwpeer || { echo Unknown device type >&2; false; }',
  },
  lowpan: { config: 'CONFIG_IEEE802154_6LOWPAN', lower: true, hardware: true },
}

/** The link types that this project knows how to try. */
export const knownLinkTypes: readonly string[] = Object.keys(linkTypes)

let attempts = 0

/** The kernel option that carries a link type, such as CONFIG_IPVLAN for `ipvlan`. */
function kernelOption(linkType: string): string {
  return linkTypes[linkType]?.config ?? `CONFIG_${linkType.toUpperCase()}`
}

/** Answers what a machine can do; each feature is tried once. */
export interface Abilities {
  readonly can: (feature: Feature) => Promise<Ability>
  readonly close: () => Promise<void>
}

/**
 * Tries features in one scratch sandbox, which is opened with the first of them and kept.
 *
 * @param openSandbox - gives the scratch sandbox
 * @param environment - of the commands of labs, whose PATH programs are looked for in
 */
export function openAbilities(
  openSandbox: () => Promise<Channel>,
  environment: Readonly<Record<string, string>>,
): Abilities {
  const tried = new Map<Feature, Promise<Ability>>()
  let scratch: Promise<Scratch> | undefined
  async function open(): Promise<Scratch> {
    const sandbox = await openSandbox()
    let config: Promise<string> | undefined
    return { sandbox, environment, config: () => (config ??= kernelConfig(sandbox)) }
  }
  return {
    can: (feature) => {
      const known = tried.get(feature) ?? (scratch ??= open()).then((opened) => tryFeature(feature, opened))
      tried.set(feature, known)
      return known
    },
    close: async () => {
      await (await scratch)?.sandbox.close()
    },
  }
}

interface Scratch {
  readonly sandbox: Channel
  readonly environment: Readonly<Record<string, string>>
  /** The kernel's own configuration, empty where it is not to be had. */
  readonly config: () => Promise<string>
}

async function tryFeature(feature: Feature, scratch: Scratch): Promise<Ability> {
  if (feature === 'ipv6') return tryIpv6(scratch.sandbox)
  if (feature === 'device-nodes') return tryDeviceNodes(scratch.sandbox)
  if (feature === 'sriov') return { able: false, reason: noCard }
  if (needsDocker(feature)) return tryDocker(scratch, Number(feature.split(':')[1] ?? 0))
  const [kind, name = ''] = feature.split(':')
  return kind === 'tool' ? tryTool(scratch, name) : tryLink(scratch, name)
}

/** A machine's own cards are in use: a lab never gets one. */
const noCard = 'no network card with SR-IOV virtual functions that a lab may have: only VMs are given one'

async function tryTool({ sandbox, environment }: Scratch, name: string): Promise<Ability> {
  const found = await sandbox.run(['sh', '-c', 'command -v "$1"', 'sh', name], { env: environment })
  return found.code === 0 ? { able: true } : { able: false, reason: `the machine has no ${name}` }
}

/** Whether a feature is that of an engine. */
export function needsDocker(feature: Feature): boolean {
  return feature.split(':')[0] === 'docker'
}

/** An engine needs its programs, control groups of its own for its containers, and iptables for its start alone. */
async function tryDocker(scratch: Scratch, oldest: number): Promise<Ability> {
  for (const program of dockerPrograms) {
    const found = await tryTool(scratch, program)
    if (!found.able) return { able: false, reason: `${found.reason}: ${dockerRemedy}` }
  }
  const said = (await scratch.sandbox.run(['dockerd', '--version'], { env: scratch.environment })).stdout.toString()
  const version = / version ([\d.]+)/.exec(said)?.[1] ?? ''
  if (Number(version.split('.')[0]) < oldest)
    return {
      able: false,
      reason: `Docker Engine ${String(oldest)} or later is needed, and this is ${version}: ${dockerRemedy}`,
    }
  const groups = 'mount -t cgroup2 cgroup2 /mnt && group=$(mktemp -d /mnt/netwright-try-XXXXXXXX) && rmdir "$group"'
  for (const script of [groups, 'iptables -t nat -N netwright']) {
    // Several versions may be asked for at once.
    const argv = ['unshare', '--mount', '--net', 'sh', '-c', script]
    const made = await scratch.sandbox.run(argv, { env: scratch.environment })
    if (made.code === 0) continue
    const what = script === groups ? 'cannot make control groups' : 'has no iptables to start with'
    return { able: false, reason: `a Docker Engine ${what} here: ${made.stderr.toString().trim()}` }
  }
  return { able: true }
}

async function tryDeviceNodes(sandbox: Channel): Promise<Ability> {
  const script = 'mount -t tmpfs none /mnt && mknod /mnt/null c 1 3 && : < /mnt/null'
  const made = await sandbox.run(['sh', '-c', script])
  if (made.code === 0) return { able: true }
  return { able: false, reason: `device nodes cannot be made here: ${made.stderr.toString().trim()}` }
}

async function tryIpv6(sandbox: Channel): Promise<Ability> {
  try {
    const stop = await sandbox.listen({ net: '', family: 6, kind: 'udp', port: 0 })
    stop()
  } catch (error) {
    if (!(error instanceof FarEndError)) throw error
    return { able: false, reason: `IPv6 is disabled in the kernel (${error.message})` }
  }
  const set = await sandbox.run(['sh', '-c', 'ip link set lo up && ip -6 addr replace 2001:db8::1/128 dev lo'])
  if (set.code === 0) return { able: true }
  return { able: false, reason: `IPv6 addresses cannot be set: ${set.stderr.toString().trim()}` }
}

async function tryLink({ sandbox, config }: Scratch, type: string): Promise<Ability> {
  const known = linkTypes[type]
  const name = `nw${String(attempts++)}` // attempts run side by side
  const lower = known?.lower === true ? `link low${name} ` : ''
  const attempt = known?.command ?? `ip link add ${lower}name nwtest type ${type} ${known?.args ?? ''}`
  const script = [
    'ip link set lo up',
    ...(lower === '' ? [] : [`ip link add low${name} type veth peer name lop${name}`]),
    attempt
      .replaceAll('nwtest', name)
      .replaceAll('nwpeer', `peer${name}`)
      .replaceAll('nwlower', `low${name}`)
      .replaceAll('nwother', `lop${name}`),
    'code=$?',
    `ip link del ${name} 2>/dev/null`,
    ...(lower === '' ? [] : [`ip link del low${name}`]),
    'exit $code',
  ].join('\n')
  const made = await sandbox.run(['sh', '-c', script])
  if (made.code === 0) return { able: true }
  const said = made.stderr.toString().trim().split('\n').at(-1) ?? ''
  if (known?.hardware === true && !/unknown device type/i.test(said)) return { able: true }
  // Arguments that the attempt got wrong still prove that the type exists.
  if (!/unknown device type|not supported|operation not supported/i.test(said)) {
    return { able: false, reason: `ip link add type ${type} fails: ${said}` }
  }
  return { able: false, reason: `kernel has no ${type}: ${configLine(await config(), kernelOption(type), said)}` }
}

/**
 * What the kernel's own configuration says of an option, else what the kernel said when asked for it. An option whose
 * menu is off is not mentioned in the configuration at all.
 */
function configLine(config: string, option: string, said: string): string {
  const line = config.split('\n').find((one) => one === `# ${option} is not set` || one.startsWith(`${option}=`))
  if (line === undefined) return config.includes('\nCONFIG_NET=y') ? `${option} is not in its configuration` : said
  if (line.endsWith('is not set')) return `${option} is not set`
  if (line.endsWith('=m')) return `${option}=m, but its module cannot be loaded (${said})`
  return `${line}, yet the kernel says: ${said}`
}

async function kernelConfig(sandbox: Channel): Promise<string> {
  const script = 'zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$(uname -r)" 2>/dev/null'
  return (await sandbox.run(['sh', '-c', script])).stdout.toString()
}
