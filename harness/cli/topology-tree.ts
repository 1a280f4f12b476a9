import { parentOf, type Graph, type Interface, type Namespace } from '../model/graph.ts'
import { deviceKind } from '../report/graph-diff.ts'
import { plain, type Colours } from '../report/colours.ts'

/**
 * What the kernel built, as a tree: hosts, the namespaces on them, their devices with parents and addresses, and the
 * routes that do not follow from an address. The lab's wires come last.
 */
export function topologyTree(graph: Graph, colours: Colours = plain): string {
  const hosts = graph.namespaces.filter(({ name, role }) => name === undefined && role !== 'wire')
  const wires = graph.namespaces.filter(({ role }) => role === 'wire')
  return [
    ...hosts.flatMap((host) => [
      ...namespaceLines(graph, host, '', colours),
      ...graph.namespaces
        .filter((ns) => ns.host === host.host && ns.name !== undefined)
        .flatMap((ns) => namespaceLines(graph, ns, '  ', colours)),
    ]),
    ...wires.map((wire) => {
      const ports = wire.interfaces.filter(({ master }) => master !== undefined)
      return `${colours.bold(wire.id)}  ${ports.map(({ name, port }) => `${name}${port?.hairpin === true ? ' (hairpin)' : ''}`).join(', ')}`
    }),
  ].join('\n')
}

function namespaceLines(graph: Graph, ns: Namespace, indent: string, colours: Colours): string[] {
  const role = ns.role === 'host' || ns.role === 'namespace' ? '' : colours.dim(`  ${ns.role}`)
  const devices = ns.interfaces.filter(({ kind }) => kind !== 'loopback')
  const routes = ns.routes.filter(
    ({ via, type }) => via !== undefined || (type !== 'unicast' && type !== 'local' && type !== 'broadcast'),
  )
  const lines = [
    ...devices.map((dev) => deviceText(graph, ns, dev)),
    ...routes.map(({ to, via, dev, type }) =>
      colours.dim(
        `route ${type === 'unicast' ? '' : `${type} `}${to}${via === undefined ? '' : ` via ${via}`}${dev === undefined ? '' : ` dev ${dev}`}`,
      ),
    ),
  ]
  return [
    `${indent}${colours.bold(ns.name ?? ns.id)}${role}`,
    ...lines.map((line, at) => `${indent}${at === lines.length - 1 ? '└ ' : '├ '}${line}`),
  ]
}

function deviceText(graph: Graph, ns: Namespace, dev: Interface): string {
  const parent = parentOf(graph, dev)
  const isPeer = dev.kind === 'veth'
  const link =
    parent === undefined
      ? ''
      : `${isPeer ? ' to ' : ' on '}${parent.ns.id === ns.id ? '' : `${parent.ns.id} `}${parent.dev.name}`
  const addresses = dev.addresses
    .filter(({ scope }) => scope !== 'link')
    .map(({ address, prefix }) => `${address}/${String(prefix)}`)
  return [
    `${dev.name}  ${deviceKind(dev)}${link}`,
    ...(dev.up ? [] : ['DOWN']),
    ...(dev.flags.includes('PROMISC') ? ['promisc'] : []),
    ...addresses,
  ].join('  ')
}
