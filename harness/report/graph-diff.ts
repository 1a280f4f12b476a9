import type { Graph, Interface, Namespace, Neighbour, Route } from '../model/graph.ts'

/** One difference between two graphs. */
export interface GraphChange {
  readonly change: 'added' | 'removed' | 'changed'
  readonly what: 'namespace' | 'device' | 'address' | 'route' | 'neighbour' | 'sysctl' | 'state'
  readonly ns: string
  readonly dev?: string
  /** The line for a reader: `mac0: address 192.168.179.9/16`. */
  readonly text: string
}

/**
 * What happened between two graphs, in the order of the namespaces. Counters and neighbour states come and go by
 * themselves, so of the neighbours only the permanent ones count. A device that moved to another namespace is removed
 * in one and added in the other.
 */
export function graphDiff(before: Graph, after: Graph): GraphChange[] {
  return pairs(before.namespaces, after.namespaces, ({ id }) => id).flatMap(({ old, now }) => {
    if (old && now) return namespaceDiff(old, now)
    if (now) return [{ change: 'added', what: 'namespace', ns: now.id, text: 'namespace' }]
    return old ? [{ change: 'removed', what: 'namespace', ns: old.id, text: 'namespace' }] : []
  })
}

/** The differences as lines, one per change: `+ node1  mac0: macvlan bridge`. */
export function graphDiffText(changes: readonly GraphChange[]): string {
  if (changes.length === 0) return 'nothing changed'
  const width = Math.max(...changes.map(({ ns }) => ns.length))
  return changes.map(({ change, ns, text }) => `${signOf(change)} ${ns.padEnd(width)}  ${text}`).join('\n')
}

function signOf(change: GraphChange['change']): string {
  switch (change) {
    case 'added':
      return '+'
    case 'removed':
      return '-'
    case 'changed':
      return '~'
  }
}

/** `macvlan bridge`: what a device is. */
export function deviceKind({ kind, mode }: Interface): string {
  return mode === undefined ? kind : `${kind} ${mode}`
}

/** `UP`, `DOWN`, or `UP, no carrier`. */
export function deviceState({ up, operstate }: Interface): string {
  if (!up) return 'DOWN'
  return operstate === 'DOWN' || operstate === 'LOWERLAYERDOWN' ? 'UP, no carrier' : 'UP'
}

/** As `ip route` prints it. */
export function routeText({ type, to, via, dev, metric, source }: Route): string {
  return [
    ...(type === 'unicast' ? [to] : [type, to]),
    ...(via === undefined ? [] : ['via', via]),
    ...(dev === undefined ? [] : ['dev', dev]),
    ...(source === undefined ? [] : ['src', source]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
  ].join(' ')
}

function namespaceDiff(old: Namespace, now: Namespace): GraphChange[] {
  const devices = pairs(old.interfaces, now.interfaces, ({ name }) => name).flatMap((pair): GraphChange[] => {
    const ns = now.id
    if (pair.old && pair.now) return deviceDiff(ns, pair.old, pair.now)
    const dev = pair.now ?? pair.old
    if (!dev) return []
    const change = pair.now ? 'added' : 'removed'
    const addresses = pair.now ? dev.addresses.map(({ address, prefix }) => `${address}/${prefix}`) : []
    const text = [`${dev.name}: ${deviceKind(dev)}`, ...(pair.now ? [deviceState(dev)] : []), ...addresses].join(', ')
    return [{ change, what: 'device', ns, dev: dev.name, text }]
  })
  const permanent = ({ neighbours }: Namespace) => neighbours.filter(({ state }) => state === 'PERMANENT')
  return [
    ...devices,
    ...lines(now.id, 'route', old.routes, now.routes, (route) => `route ${routeText(route)}`),
    ...lines(now.id, 'neighbour', permanent(old), permanent(now), neighbourText),
    ...pairs(Object.entries(old.sysctls), Object.entries(now.sysctls), ([name]) => name).flatMap(
      (pair): GraphChange[] => {
        const name = (pair.now ?? pair.old)?.[0] ?? ''
        const [from, to] = [pair.old?.[1] ?? 'absent', pair.now?.[1] ?? 'absent']
        // A device brings its own sysctls along; they are no news.
        if (!pair.old || !pair.now || from === to) return []
        return [{ change: 'changed', what: 'sysctl', ns: now.id, text: `${name}: ${from} → ${to}` }]
      },
    ),
  ]
}

function deviceDiff(ns: string, old: Interface, now: Interface): GraphChange[] {
  const dev = now.name
  const facts = (device: Interface): Record<string, string> => ({
    state: deviceState(device),
    kind: deviceKind(device),
    MAC: device.mac,
    MTU: String(device.mtu),
    promiscuous: device.flags.includes('PROMISC') ? 'on' : 'off',
    master: device.master ?? 'none',
    hairpin: device.port?.hairpin === true ? 'on' : 'off',
  })
  const [was, is] = [facts(old), facts(now)]
  const changed = Object.keys(is).flatMap((name): GraphChange[] =>
    was[name] === is[name]
      ? []
      : [{ change: 'changed', what: 'state', ns, dev, text: `${dev}: ${name} ${was[name] ?? ''} → ${is[name] ?? ''}` }],
  )
  const addressText = ({ address, prefix }: Interface['addresses'][number]) => `${dev}: address ${address}/${prefix}`
  return [
    ...changed,
    ...lines(ns, 'address', old.addresses, now.addresses, addressText).map((line) => ({ ...line, dev })),
  ]
}

const neighbourText = ({ address, dev, mac = 'no MAC' }: Neighbour) =>
  `permanent neighbour ${address} ${mac} dev ${dev}`

/** What is in one list and not in the other, by its text. */
function lines<T>(
  ns: string,
  what: GraphChange['what'],
  old: readonly T[],
  now: readonly T[],
  text: (item: T) => string,
): GraphChange[] {
  const [was, is] = [old.map(text), now.map(text)]
  return [
    ...was.filter((line) => !is.includes(line)).map((line) => ({ change: 'removed' as const, what, ns, text: line })),
    ...is.filter((line) => !was.includes(line)).map((line) => ({ change: 'added' as const, what, ns, text: line })),
  ]
}

/** Both lists joined by key: first what is there now, then what is gone. */
function pairs<T>(
  old: readonly T[],
  now: readonly T[],
  key: (item: T) => string,
): { readonly old?: T; readonly now?: T }[] {
  const was = new Map(old.map((item) => [key(item), item]))
  const is = new Set(now.map(key))
  const present = now.map((item) => {
    const before = was.get(key(item))
    return before === undefined ? { now: item } : { old: before, now: item }
  })
  return [...present, ...old.filter((item) => !is.has(key(item))).map((item) => ({ old: item }))]
}
