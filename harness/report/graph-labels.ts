import type { Interface, Namespace } from '../model/graph.ts'
import { deviceKind, deviceState } from './graph-diff.ts'
import type { GraphChange } from './graph-diff.ts'

/** Restrained colours on white: ink for what is, three accents for what changed, red for what is down. */
export const palette = {
  ink: '#1f2328',
  border: '#afb8c1',
  line: '#6e7781',
  hostFill: '#f6f8fa',
  nsFill: '#ffffff',
  wireFill: '#eef4fb',
  wireBorder: '#9cc3eb',
  downFill: '#f3f4f6',
  up: '#1a7f37',
  down: '#cf222e',
  added: '#1a7f37',
  changed: '#9a6700',
  removed: '#cf222e',
} as const
export const grey = '#57606a'

export const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

export const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const font = (text: string, size: number, colour: string, face = 'Helvetica') =>
  `<FONT FACE="${face}" POINT-SIZE="${size}" COLOR="${colour}">${escape(text)}</FONT>`

const row = (inner: string) => `<TR><TD ALIGN="LEFT" COLSPAN="2">${inner}</TD></TR>`
const table = (rows: readonly string[]) =>
  `<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">${rows.join('')}</TABLE>`

/** A device: name and state, what it is, MAC, addresses. */
export function deviceLabel(dev: Interface, changes: readonly GraphChange[]): string {
  const state = deviceState(dev)
  const gone = changes.some(({ what, change }) => what === 'device' && change === 'removed')
  const name = gone ? `<S>${escape(dev.name)}</S>` : `<B>${escape(dev.name)}</B>`
  const stateColour = state === 'UP' ? palette.up : palette.down
  const addresses = dev.addresses.filter(({ address }) => !address.startsWith('fe80:'))
  const isNew = (text: string) => changes.some(({ change, text: line }) => change === 'added' && line.endsWith(text))
  const removed = changes.flatMap(({ what, change, text }) =>
    what === 'address' && change === 'removed' && !text.includes(' fe80:') ? [text.split(' ').at(-1) ?? ''] : [],
  )
  return table([
    `<TR><TD ALIGN="LEFT">${name}</TD><TD ALIGN="RIGHT">${gone ? font('removed', 9, palette.removed) : `<B>${font(state, 9, stateColour)}</B>`}</TD></TR>`,
    row(font(aspects(dev), 9, grey)),
    ...(dev.mac === '' || gone ? [] : [row(font(dev.mac, 9, grey, 'Courier'))]),
    ...addresses.map(({ address, prefix }) => {
      const text = `${address}/${prefix}`
      return row(font(text, 10, gone ? grey : isNew(text) ? palette.added : palette.ink, 'Courier'))
    }),
    ...removed.map((text) => row(`<S>${font(text, 10, palette.removed, 'Courier')}</S>`)),
  ])
}

/** `macvlan bridge · promisc · mtu 9000`. */
function aspects(dev: Interface): string {
  const id = dev.details['id']
  return [
    deviceKind(dev),
    ...(typeof id === 'number' ? [`id ${id}`] : []),
    ...(dev.flags.includes('PROMISC') ? ['promisc'] : []),
    ...(dev.flags.includes('NOARP') ? ['noarp'] : []),
    ...(dev.mtu === 1500 || dev.kind === 'loopback' ? [] : [`mtu ${dev.mtu}`]),
  ].join(' · ')
}

/** A bridge port: its name, and what is not as usual about it. */
export function portLabel({ name, port, up }: Interface): string {
  const notes = [
    ...(up ? [] : [font('DOWN', 9, palette.down)]),
    ...(port === undefined || port.state === 'forwarding' ? [] : [font(port.state, 9, palette.changed)]),
    ...(port?.hairpin === true ? [font('hairpin', 9, palette.changed)] : []),
  ]
  return table([row(font(name, 9, grey)), ...notes.map((note) => row(`<B>${note}</B>`))])
}

/** The bridge that a wire is made of. */
export function segmentLabel(dev: Interface): string {
  const state = deviceState(dev)
  return font(state === 'UP' ? 'bridge' : `bridge, ${state}`, 9, state === 'UP' ? grey : palette.down)
}

/** A route under a namespace's name. */
export interface RouteLine {
  readonly text: string
  readonly change: 'none' | 'added' | 'removed'
}

function routeRow({ text, change }: RouteLine): string {
  switch (change) {
    case 'none':
      return row(font(text, 9, grey, 'Courier'))
    case 'added':
      return row(font(text, 9, palette.added, 'Courier'))
    case 'removed':
      return row(`<S>${font(text, 9, palette.removed, 'Courier')}</S>`)
  }
}

const rolesWithWord = ['router', 'client', 'wire'] as const

/** Name and role of a namespace, whether its loopback is down, and the routes that decide. */
export function namespaceLabel(ns: Namespace, routes: readonly RouteLine[]): string {
  const lo = ns.interfaces.find(({ kind }) => kind === 'loopback')
  const title = ns.role === 'wire' ? ns.id.replace(/^wire:/, '') : (ns.name ?? ns.id)
  const role = rolesWithWord.find((word) => word === ns.role && word !== title)
  const notes = [...(role === undefined ? [] : [role]), ...(lo && !lo.up && ns.role !== 'wire' ? ['lo down'] : [])]
  const shown = routes.slice(0, 6)
  return table([
    row(`<B>${escape(title)}</B>${notes.length === 0 ? '' : font(`  ${notes.join(', ')}`, 9, grey)}`),
    ...shown.map(routeRow),
    ...(routes.length > shown.length ? [row(font(`and ${routes.length - shown.length} more routes`, 9, grey))] : []),
  ])
}
