import { NetwrightError } from '../model/errors.ts'
import type { Graph, Interface, Namespace, NamespaceRole } from '../model/graph.ts'
import { FarEndError, type Channel, type FileOperation, type Place } from '../machines/channel/channel.ts'
import { readAddresses, readNeighbours, readRoutes } from './netlink/read-addresses.ts'
import { readLinks, type RawLink } from './netlink/read-links.ts'

/** A namespace to read, and the places it is reached by. */
export interface NamespaceTarget {
  readonly id: string
  readonly role: NamespaceRole
  readonly host: string
  readonly name?: string
  readonly path: string
  /** Where a command is run: the namespace, with the mounts of its host. */
  readonly place: Place
}

/** The sysctls that decide connectivity; values that differ from the kernel's default are kept. */
const usualValues: Readonly<Record<string, string>> = {
  'ipv4/ip_forward': '0', // and conf/all/forwarding, which is the same
  'ipv4/icmp_echo_ignore_all': '0',
  'ipv4/conf/*/forwarding': '0',
  'ipv4/conf/*/rp_filter': '0',
  'ipv4/conf/*/proxy_arp': '0',
  'ipv4/conf/*/arp_ignore': '0',
  'ipv4/conf/*/arp_filter': '0',
  'ipv6/icmp/echo_ignore_all': '0',
  'ipv6/conf/all/forwarding': '0',
  'ipv6/conf/*/proxy_ndp': '0',
  'ipv6/conf/*/disable_ipv6': '0',
}

/** Those that no device tells of itself. */
const wholeNamespace: readonly FileOperation[] = Object.keys(usualValues)
  .filter((name) => name !== 'ipv4/conf/*/forwarding')
  .map((name) => ({ kind: 'read', path: `/proc/sys/net/${name.replace('*', 'all')}` }))

/** A wire's switch has no stack that could decide anything. */
async function readSettings(channel: Channel, target: NamespaceTarget): Promise<ReadonlyMap<string, string>> {
  return target.role === 'wire' ? new Map() : channel.files(target.path, wholeNamespace).catch(missing(target))
}

/**
 * Reads what the kernel says was built, by rtnetlink(7) from inside each namespace; parents and peers are resolved across
 * namespaces.
 *
 * @throws NETWRIGHT_NAMESPACE_MISSING when a namespace is gone
 */
export async function readGraph(channel: Channel, targets: readonly NamespaceTarget[]): Promise<Graph> {
  const paths = targets.map((target) => target.path)
  const [dumps, ids, settings] = await Promise.all([
    channel.dump(paths),
    channel.namespaceIds(paths),
    Promise.all(targets.map((target) => readSettings(channel, target))),
  ])
  const links = targets.map((target, position): RawLink[] => {
    const dump = dumps[position]
    if (dump === undefined || dump instanceof FarEndError) return missing(target)(dump)
    return readLinks(dump.links)
  })
  /** A device by its index; `ip` calls one that it cannot see so too. */
  const deviceIn = (position: number) => {
    const names = new Map(links[position]?.map(({ index, name }) => [index, name]))
    return (index: number): string => names.get(index) ?? `if${index}`
  }
  return {
    namespaces: targets.map((target, position): Namespace => {
      const dump = dumps[position]
      if (dump === undefined || dump instanceof FarEndError) return missing(target)(dump)
      const nameOf = deviceIn(position)
      const addresses = readAddresses(dump.addresses)
      const own = links[position] ?? []
      return {
        id: target.id,
        role: target.role,
        host: target.host,
        ...(target.name === undefined ? {} : { name: target.name }),
        interfaces: own.map((link) => ({
          ...deviceOf(link),
          ...parentIn(link),
          ...(link.master === undefined ? {} : { master: nameOf(link.master) }),
          ...(link.port === undefined ? {} : { port: link.port }),
          addresses: addresses.get(link.index) ?? [],
          details: link.data,
        })),
        routes: readRoutes(dump.routes, nameOf),
        neighbours: readNeighbours(dump.neighbours, nameOf),
        sysctls: keepUnusual(settings[position], own),
      }

      function parentIn(link: RawLink): Pick<Interface, 'link'> {
        if (link.parent === undefined) return {}
        const where = link.parentNsid === undefined ? position : (ids[position]?.indexOf(link.parentNsid) ?? -1)
        const ns = targets[where]?.id
        // An index of a namespace that the lab does not know means nothing here.
        return ns === undefined ? {} : { link: { ns, dev: deviceIn(where)(link.parent) } }
      }
    }),
  }
}

function missing(target: NamespaceTarget) {
  return (cause: unknown): never => {
    if (cause !== undefined && !(cause instanceof FarEndError)) throw cause as Error
    throw new NetwrightError('NETWRIGHT_NAMESPACE_MISSING', `Namespace ${target.id} cannot be entered`, {
      place: target.id,
      stderr: cause?.message ?? 'it was not answered for',
      next: 'A script or remedy deleted it, or never made it.',
    })
  }
}

function deviceOf(link: RawLink): Omit<Interface, 'link' | 'master' | 'port' | 'addresses' | 'details'> {
  const [mode, flag] = [link.data['mode'], link.data['flags']]
  const shown = typeof flag === 'string' && flag !== 'bridge' ? ` ${flag}` : ''
  return {
    name: link.name,
    index: link.index,
    kind: link.kind,
    ...(typeof mode === 'string' ? { mode: `${mode}${shown}` } : {}),
    up: link.up,
    operstate: link.operstate,
    flags: link.flags,
    mac: link.mac,
    mtu: link.mtu,
  }
}

function keepUnusual(
  whole: ReadonlyMap<string, string> | undefined,
  links: readonly RawLink[],
): Record<string, string> {
  const kept: Record<string, string> = {}
  const keep = (name: string, value: string) => {
    const usual = usualValues[name] ?? usualValues[name.replace(/\/conf\/.+\/([^/]+)$/, '/conf/*/$1')]
    if (!value.startsWith('!') && value !== usual) kept[`net.${name.replaceAll('/', '.')}`] = value
  }
  for (const [path, value] of whole ?? []) keep(path.slice('/proc/sys/net/'.length), value.trim())
  for (const link of links) for (const [name, value] of Object.entries(link.settings)) keep(name, value)
  return kept
}
