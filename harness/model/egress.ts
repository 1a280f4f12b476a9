import { contains, familyOf } from './addresses.ts'
import { findNamespace, type Graph, type Interface, type Route } from './graph.ts'

/**
 * The route that the graph shows for an address: longest prefix, then lowest metric. Tables other than main count where main
 * has none: which rule leads to them is not known here.
 */
function routeTo(graph: Graph, ns: string, address: string): Route | undefined {
  const family = familyOf(address)
  const fitting = (findNamespace(graph, ns)?.routes ?? [])
    .filter((r) => r.family === family && r.type === 'unicast')
    .map((route) => ({ route, length: prefixLength(route, address) }))
    .filter((r) => r.length >= 0)
  fitting.sort((a, b) => b.length - a.length || (a.route.metric ?? 0) - (b.route.metric ?? 0))
  return (fitting.find(({ route }) => route.table === undefined) ?? fitting[0])?.route
}

/** The unicast route of the main table that fits an address best. */
export function mainRouteTo(graph: Graph, ns: string, address: string): Route | undefined {
  const route = routeTo(graph, ns, address)
  return route?.table === undefined ? route : undefined
}

/** Whether a table of a namespace holds a route, of whatever type, that fits an address. */
export function tableFits(graph: Graph, ns: string, table: string, address: string): boolean {
  const family = familyOf(address)
  const own = table === 'main' ? undefined : table
  const routes = findNamespace(graph, ns)?.routes ?? []
  return routes.some((r) => r.table === own && r.family === family && prefixLength(r, address) >= 0)
}

/** The device by which a namespace would send to an address, as far as the graph shows. */
export function egress(graph: Graph, ns: string, address: string): Interface | undefined {
  const dev = routeTo(graph, ns, address)?.dev
  return findNamespace(graph, ns)?.interfaces.find((i) => i.name === dev)
}

/** The address that a namespace would resolve to send to `address`: a gateway, or the address itself. */
export function nextHop(graph: Graph, ns: string, address: string): string {
  return routeTo(graph, ns, address)?.via ?? address
}

function prefixLength(route: Route, address: string): number {
  if (route.to === 'default') return 0
  const [base = '', length] = route.to.split('/')
  const family = familyOf(base)
  if (family === undefined) return -1
  const prefix = Number(length ?? (family === 4 ? 32 : 128))
  return contains({ family, address: base, prefix }, address) ? prefix : -1
}
