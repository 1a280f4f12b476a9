import { Graphviz } from '@hpcc-js/wasm-graphviz'
import type { Graph } from '../model/graph.ts'
import { graphDiff } from './graph-diff.ts'
import { graphDot } from './graph-dot.ts'

/** Draws graphs; made once, because loading Graphviz costs as much as drawing several graphs. */
export interface GraphDrawer {
  /**
   * The graph as a self-contained SVG with dark text on white.
   *
   * @param before - an earlier graph: what changed since is highlighted, what is gone is struck through
   */
  draw(graph: Graph, before?: Graph): string
}

/** Loads Graphviz (WebAssembly, no programs of the system). */
export async function createGraphDrawer(): Promise<GraphDrawer> {
  const graphviz = await Graphviz.load()
  // Two builds of a topology differ in their random MACs only, and those are all as wide: one layout serves both.
  const layouts = new Map<string, string>()
  return {
    draw(graph, before) {
      const changes = before === undefined ? [] : graphDiff(before, graph)
      const macs: string[] = []
      const dot = graphDot(graph, changes, before).replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, (mac) => {
        const known = macs.indexOf(mac)
        return placeholder(known < 0 ? macs.push(mac) - 1 : known)
      })
      const layout = layouts.get(dot) ?? tidy(graphviz.layout(dot, 'svg', 'dot'))
      layouts.set(dot, layout)
      return layout.replaceAll(/MAC:(\d{4}):{9}/g, (_, index) => macs[Number(index)] ?? '')
    },
  }
}

/** As wide as a MAC in a font of fixed width. */
const placeholder = (index: number) => `MAC:${String(index).padStart(4, '0')}:::::::::`

/** The drawing alone: no document type, no comments, no tooltips of internal names, and fonts that browsers have. */
function tidy(svg: string): string {
  return svg
    .slice(svg.indexOf('<svg'))
    .replaceAll(/<!--[\s\S]*?-->\n?/g, '')
    .replaceAll(/<title>[^<]*<\/title>\n?/g, '')
    .replaceAll(/font-family="Helvetica[^"]*"/g, 'font-family="Helvetica,Arial,Liberation Sans,sans-serif"')
    .replaceAll(/font-family="Courier[^"]*"/g, 'font-family="Courier New,Liberation Mono,DejaVu Sans Mono,monospace"')
}
