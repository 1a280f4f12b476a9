import { setTimeout as pause } from 'node:timers/promises'
import type { Graph, Interface } from '../model/graph.ts'

/** Milliseconds after which a graph is taken as it is; the kernel's link watch runs at least once a second. */
const settleMs = 1500
const lookMs = 4

/**
 * Reads until the kernel has drawn its conclusions from carriers that came or went: it does that in a work queue, up to a
 * second later (net/core/link_watch.c), and until then a device's state and a bridge port's are those of before.
 */
export async function settledGraph(read: () => Promise<Graph>): Promise<Graph> {
  const began = performance.now()
  for (;;) {
    const graph = await read()
    const lags = graph.namespaces.some((ns) => ns.interfaces.some(isLagging))
    if (!lags || performance.now() - began > settleMs) return graph
    await pause(lookMs)
  }
}

/** Whether a device's state contradicts its carrier (LOWER_UP). */
export function isLagging(dev: Interface): boolean {
  if (!dev.up) return false
  const carrier = dev.flags.includes('LOWER_UP')
  if (carrier && (dev.operstate === 'DOWN' || dev.operstate === 'LOWERLAYERDOWN')) return true
  if (!carrier && dev.operstate === 'UP') return true
  return carrier && dev.port?.state === 'disabled'
}
