import { NetwrightError } from '../model/errors.ts'
import type { Graph, Interface, Namespace, NamespaceRole, Neighbour, Route } from '../model/graph.ts'
import { FarEndError, type Channel, type FileOperation, type Place } from '../machines/channel/channel.ts'
import { graphQuestions, type Answers, type IpReader } from './ip-reader.ts'
import { ipAddrOutput, ipNeighOutput, ipRouteOutput, type IpLink, type IpRoute } from './ip-json.ts'

/** A namespace to read, and the places it is reached by. */
export interface NamespaceTarget {
  readonly id: string
  readonly role: NamespaceRole
  readonly host: string
  readonly name?: string
  readonly path: string
  /** Where `ip` is run: the namespace, with the mounts of its host. */
  readonly place: Place
}

/** The sysctls that decide connectivity; values that differ from the kernel's default are kept. */
const decisive: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '0',
  'net/ipv4/icmp_echo_ignore_all': '0',
  'net/ipv4/conf/*/forwarding': '0',
  'net/ipv4/conf/*/rp_filter': '0',
  'net/ipv4/conf/*/proxy_arp': '0',
  'net/ipv4/conf/*/arp_ignore': '0',
  'net/ipv4/conf/*/arp_filter': '0',
  'net/ipv6/icmp/echo_ignore_all': '0',
  'net/ipv6/conf/all/forwarding': '0',
  'net/ipv6/conf/*/disable_ipv6': '0',
}

/**
 * Reads what the kernel says was built; parents and peers are resolved across namespaces.
 *
 * @param readerOf - a process that already stands in the namespace and can be asked again
 * @throws NETWRIGHT_NAMESPACE_MISSING when a namespace is gone
 */
export async function readGraph(
  channel: Channel,
  targets: readonly NamespaceTarget[],
  readerOf: (target: NamespaceTarget) => IpReader | undefined = () => undefined,
): Promise<Graph> {
  const [raw, ids] = await Promise.all([
    Promise.all(targets.map((target) => readNamespace(channel, target, readerOf(target)))),
    channel.namespaceIds(targets.map((t) => t.path)),
  ])
  /** Position of the namespace that `viewer` knows by a netnsid. */
  const known = (viewer: number, nsid: number): number => ids[viewer]?.indexOf(nsid) ?? -1
  return {
    namespaces: raw.map((one, position): Namespace => {
      const target = one.target
      const interfaces = one.links.map((link): Interface => {
        const where = link.link_netnsid === undefined ? position : known(position, link.link_netnsid)
        const byIndex = raw[where]?.links.find((other) => other.ifindex === link.link_index)?.ifname
        return readInterface(link, link.link ?? byIndex, targets[where]?.id)
      })
      return {
        id: target.id,
        role: target.role,
        host: target.host,
        ...(target.name === undefined ? {} : { name: target.name }),
        interfaces,
        routes: one.routes,
        neighbours: one.neighbours,
        sysctls: one.sysctls,
      }
    }),
  }
}

async function readNamespace(channel: Channel, target: NamespaceTarget, reader: IpReader | undefined) {
  const sysctlReads = Object.keys(decisive).map((name): FileOperation => ({ kind: 'read', path: `/proc/sys/${name}` }))
  const [[links = '[]', routes = '[]', neighbours = '[]'], sysctls] = await Promise.all([
    (async () => (await reader?.ask()) ?? askOnce(channel, target))(),
    channel.files(target.path, sysctlReads),
  ]).catch((cause: unknown) => {
    if (!(cause instanceof FarEndError)) throw cause
    throw new NetwrightError('NETWRIGHT_NAMESPACE_MISSING', `Namespace ${target.id} cannot be entered`, {
      place: target.id,
      stderr: cause.message,
      next: 'A script or remedy deleted it, or never made it.',
    })
  })
  return {
    target,
    links: ipAddrOutput.parse(JSON.parse(links)),
    routes: ipRouteOutput.parse(JSON.parse(routes)).flatMap(readRoute),
    neighbours: ipNeighOutput.parse(JSON.parse(neighbours)).map((n): Neighbour => ({
      address: n.dst,
      dev: n.dev ?? '',
      state: n.state[0] ?? 'NONE',
      ...(n.lladdr === undefined ? {} : { mac: n.lladdr }),
    })),
    sysctls: keepDecisive(sysctls),
  }
}

async function askOnce(channel: Channel, target: NamespaceTarget): Promise<Answers> {
  const input = graphQuestions.map((question) => `${question}\n`).join('')
  const ip = await channel.run(['ip', '-d', '-j', '-batch', '-'], { place: target.place, input })
  if (ip.code !== 0) {
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', `ip cannot read namespace ${target.id}`, {
      command: `ip -d -j ${graphQuestions.join('; ')}`,
      stderr: ip.stderr.toString(),
    })
  }
  return ip.stdout.toString().split(/\n(?=\[)/)
}

function readInterface(link: IpLink, linkName: string | undefined, linkNs: string | undefined): Interface {
  const data = link.linkinfo?.info_data ?? {}
  const slave = link.linkinfo?.info_slave_kind === 'bridge' ? link.linkinfo.info_slave_data : undefined
  const mode = typeof data['mode'] === 'string' ? data['mode'] : undefined
  const flag = typeof data['flags'] === 'string' ? data['flags'] : undefined
  return {
    name: link.ifname,
    index: link.ifindex,
    kind: link.linkinfo?.info_kind ?? link.link_type,
    ...(mode === undefined ? {} : { mode: flag === undefined || flag === 'bridge' ? mode : `${mode} ${flag}` }),
    up: link.flags.includes('UP'),
    operstate: link.operstate,
    flags: link.flags,
    mac: link.address ?? '',
    mtu: link.mtu,
    ...(linkName === undefined
      ? {}
      : { link: linkNs === undefined ? { dev: linkName } : { ns: linkNs, dev: linkName } }),
    ...(link.master === undefined ? {} : { master: link.master }),
    ...(slave === undefined
      ? {}
      : {
          port: {
            state: typeof slave['state'] === 'string' ? slave['state'] : 'unknown',
            hairpin: slave['hairpin'] === true,
          },
        }),
    addresses: link.addr_info.flatMap((a) =>
      a.local === undefined
        ? []
        : {
            family: a.family === 'inet6' ? 6 : 4,
            address: a.local,
            prefix: a.prefixlen,
            scope: a.scope,
            ...(a.tentative === true ? { tentative: true } : {}),
          },
    ),
    details: data,
  }
}

function readRoute(route: IpRoute): Route[] {
  if (route.table === 'local' || route.type === 'local' || route.type === 'multicast') return []
  if (route.dst.startsWith('fe80:') || route.dst.startsWith('ff00:')) return []
  return [
    {
      family: route.dst.includes(':') || route.gateway?.includes(':') === true ? 6 : 4,
      to: route.dst,
      type: route.type ?? 'unicast',
      ...(route.gateway === undefined ? {} : { via: route.gateway }),
      ...(route.dev === undefined ? {} : { dev: route.dev }),
      ...(route.metric === undefined ? {} : { metric: route.metric }),
      ...(route.scope === undefined ? {} : { scope: route.scope }),
      ...(route.prefsrc === undefined ? {} : { source: route.prefsrc }),
      ...(route.table === undefined || route.table === 'main' ? {} : { table: route.table }),
    },
  ]
}

function keepDecisive(read: ReadonlyMap<string, string>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [path, value] of read) {
    const name = path.slice('/proc/sys/'.length)
    const pattern = name.replace(/\/conf\/[^/]+\//, '/conf/*/')
    const usual = decisive[name] ?? decisive[pattern]
    if (value.startsWith('!') || value.trim() === usual) continue
    kept[name.replaceAll('/', '.')] = value.trim()
  }
  return kept
}
