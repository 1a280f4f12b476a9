import type { Graph, Interface, Namespace, Route } from '../model/graph.ts'
import { routeText } from './graph-diff.ts'
import type { GraphChange } from './graph-diff.ts'
import {
  deviceLabel,
  escape,
  font,
  grey,
  namespaceLabel,
  palette,
  portLabel,
  quote,
  segmentLabel,
} from './graph-labels.ts'
import type { RouteLine } from './graph-labels.ts'

/** A device together with the namespace it is in. */
interface Place {
  readonly ns: Namespace
  readonly dev: Interface
}

/**
 * A graph in the DOT language: a cluster per host with its named namespaces inside, devices as boxes, sub-interfaces
 * above their parents, wires at the bottom. Loopbacks and link-local addresses are left out.
 *
 * @param changes - differences to an earlier graph, which are highlighted; what was removed is drawn struck through
 * @param before - the earlier graph, needed to draw the devices that are gone
 */
export function graphDot(graph: Graph, changes: readonly GraphChange[] = [], before?: Graph): string {
  const shown = withGhosts(graph, changes, before)
  const places = shown.flatMap((ns) => ns.interfaces.map((dev) => ({ ns, dev })))
  const cluster = (ns: Namespace, inner: readonly string[] = []): string[] => [
    `subgraph ${quote(`cluster ${ns.id}`)} {`,
    `  label=<${namespaceLabel(ns, routeLines(ns, before))}>; ${clusterStyle(ns)}`,
    ...ns.interfaces.filter(({ kind }) => kind !== 'loopback').map((dev) => nodeLine({ ns, dev }, places, changes)),
    // A cluster without a node would not be drawn.
    ...(ns.interfaces.every(({ kind }) => kind === 'loopback')
      ? [`  ${quote(`${ns.id} nothing`)} [label=<${font('no device but lo', 9, grey)}>, style="", color=none]`]
      : []),
    ...inner,
    '}',
  ]
  const hosts = shown.filter(({ name }) => name === undefined)
  const clusters = hosts.flatMap((host) => {
    const children = shown.filter((ns) => ns.host === host.host && ns.name !== undefined)
    return cluster(
      host,
      children.flatMap((ns) => cluster(ns)),
    )
  })
  return [
    'digraph lab {',
    '  graph [rankdir=TB, ranksep=0.45, nodesep=0.25, fontname="Helvetica", fontsize=11, bgcolor="white", pad=0.15,',
    '    labeljust=l, compound=true]',
    `  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=11, margin="0.07,0.04", height=0.1,`,
    `    fillcolor="white", color="${palette.border}", fontcolor="${palette.ink}", penwidth=1]`,
    `  edge [fontname="Helvetica", fontsize=9, color="${palette.line}", fontcolor="${grey}", arrowsize=0.6, penwidth=1.1]`,
    ...clusters,
    ...places.flatMap((place) => edgesOf(place, places)),
    '}',
  ].join('\n')
}

/** The namespaces, with the devices that are gone since the earlier graph. */
function withGhosts(graph: Graph, changes: readonly GraphChange[], before: Graph | undefined): Namespace[] {
  return graph.namespaces.map((ns) => {
    const gone = changes.filter((item) => item.ns === ns.id && item.what === 'device' && item.change === 'removed')
    const old = before?.namespaces.find(({ id }) => id === ns.id)
    const ghosts = old?.interfaces.filter(({ name }) => gone.some(({ dev }) => dev === name)) ?? []
    return { ...ns, interfaces: [...ns.interfaces, ...ghosts] }
  })
}

const idOf = ({ ns, dev }: Place) => `${ns.id} ${dev.name}`

/** The end of a veth that is nothing but a bridge port: its name and state say all about it. */
function isPlainPort({ ns, dev }: Place, places: readonly Place[]): boolean {
  const isBridgePort = masterOf({ ns, dev }, places)?.dev.kind === 'bridge'
  return dev.kind === 'veth' && isBridgePort && dev.addresses.every(isLinkLocal)
}

const isLinkLocal = ({ address }: { readonly address: string }) => address.startsWith('fe80:')

function masterOf({ ns, dev }: Place, places: readonly Place[]): Place | undefined {
  return places.find((other) => other.ns === ns && other.dev.name === dev.master)
}

/** The parent of a sub-interface or the other end of a veth. */
function peerOf({ ns, dev: { link } }: Place, places: readonly Place[]): Place | undefined {
  if (link === undefined) return undefined
  const id = link.ns ?? ns.id
  return places.find((other) => other.ns.id === id && other.dev.name === link.dev)
}

function nodeLine(place: Place, places: readonly Place[], changes: readonly GraphChange[]): string {
  const { ns, dev } = place
  const mine = changes.filter((change) => change.ns === ns.id && change.dev === dev.name)
  const label = isPlainPort(place, places)
    ? portLabel(dev)
    : ns.role === 'wire' && dev.kind === 'bridge'
      ? segmentLabel(dev)
      : deviceLabel(dev, mine)
  const style = nodeStyle(dev, mine)
  return `  ${quote(idOf(place))} [label=<${label}>${style === '' ? '' : `, ${style}`}]`
}

function nodeStyle(dev: Interface, mine: readonly GraphChange[]): string {
  const device = mine.find(({ what }) => what === 'device')
  if (device?.change === 'removed') return `color="${palette.removed}", style="filled,rounded,dashed"`
  if (device) return `color="${palette.added}", penwidth=2`
  if (mine.length > 0) return `color="${palette.changed}", penwidth=2`
  return dev.up ? '' : `style="filled,rounded,dashed", fillcolor="${palette.downFill}"`
}

/** Edges run from the upper device to the lower one, so that children stand above parents and wires at the bottom. */
function edgesOf(place: Place, places: readonly Place[]): string[] {
  const { ns, dev } = place
  const edges: string[] = []
  const peer = peerOf(place, places)
  if (peer && dev.kind === 'veth') {
    // Both ends know each other. The port stands below; without a port, the first by name stands above.
    const [mine, other] = [isPlainPort(place, places), isPlainPort(peer, places)]
    const draws = mine === other ? idOf(place) < idOf(peer) : other
    if (draws) edges.push(`${quote(idOf(place))} -> ${quote(idOf(peer))} [dir=none, penwidth=1.6]`)
  } else if (peer) {
    const label = escape(dev.mode ?? dev.kind)
    const across = peer.ns !== ns ? ', style=dashed' : ''
    edges.push(`${quote(idOf(place))} -> ${quote(idOf(peer))} [dir=back, arrowtail=vee, label=" ${label}"${across}]`)
  }
  const master = masterOf(place, places)
  if (master) edges.push(`${quote(idOf(place))} -> ${quote(idOf(master))} [dir=none, penwidth=1.6]`)
  return edges
}

/** The routes to show under a namespace's name, and what became of them since the earlier graph. */
function routeLines(ns: Namespace, before: Graph | undefined): RouteLine[] {
  const old = before?.namespaces.find(({ id }) => id === ns.id)
  const now = decidingRoutes(ns).map(routeText)
  if (old === undefined) return now.map((text) => ({ text, change: 'none' }))
  const was = decidingRoutes(old).map(routeText)
  return [
    ...now.map((text): RouteLine => ({ text, change: was.includes(text) ? 'none' : 'added' })),
    ...was.filter((text) => !now.includes(text)).map((text): RouteLine => ({ text, change: 'removed' })),
  ]
}

/** Routes that an address alone would not have made: these decide who answers whom. */
function decidingRoutes({ routes, interfaces }: Namespace): Route[] {
  return routes.filter(({ to, via, dev, type }) => {
    if (type !== 'unicast')
      return type !== 'local' && type !== 'broadcast' && type !== 'multicast' && type !== 'anycast'
    if (dev === 'lo' || to.startsWith('fe80:') || to.startsWith('ff00:')) return false
    if (via !== undefined || to === 'default') return true
    const lengths = interfaces.find(({ name }) => name === dev)?.addresses.map(({ prefix }) => `/${prefix}`) ?? []
    return !lengths.some((length) => to.endsWith(length))
  })
}

function clusterStyle({ role, name }: Namespace): string {
  const fill = name !== undefined ? palette.nsFill : role === 'wire' ? palette.wireFill : palette.hostFill
  const border = role === 'wire' ? palette.wireBorder : palette.border
  // Cables come to a wire from above: its name stands below.
  const place = role === 'wire' ? '; labelloc=b' : ''
  return `style="filled,rounded"; color="${border}"; fillcolor="${fill}"; margin=10${place}`
}
