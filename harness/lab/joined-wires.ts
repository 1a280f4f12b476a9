import type { Graph, Namespace } from '../model/graph.ts'

/**
 * Shows each wire that spans machines as what it is, one segment: its switches on several machines become one namespace.
 * Ports have names and indexes of their own on all of them; the bridge, and `lo`, are the same on each.
 */
export function joinWires(graph: Graph): Graph {
  const joined = new Map<string, Namespace>()
  for (const ns of graph.namespaces) {
    const known = joined.get(ns.id)
    if (known === undefined) {
      joined.set(ns.id, ns)
      continue
    }
    const fresh = ns.interfaces.filter(
      ({ name, index }) => !known.interfaces.some((dev) => dev.name === name && dev.index === index),
    )
    joined.set(ns.id, { ...known, interfaces: [...known.interfaces, ...fresh] })
  }
  return joined.size === graph.namespaces.length ? graph : { namespaces: [...joined.values()] }
}
