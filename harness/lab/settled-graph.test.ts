import { expect, test } from 'vitest'
import type { Graph, Interface } from '../model/graph.ts'
import { isLagging, settledGraph } from './settled-graph.ts'

const device = (over: Partial<Interface>): Interface => ({
  name: 'eth0',
  index: 2,
  kind: 'veth',
  up: true,
  operstate: 'UP',
  flags: ['UP', 'LOWER_UP'],
  mac: '02:00:00:00:00:01',
  mtu: 1500,
  addresses: [],
  details: {},
  ...over,
})
const graphOf = (dev: Interface): Graph => ({
  namespaces: [{ id: 'n', role: 'host', host: 'n', interfaces: [dev], routes: [], neighbours: [], sysctls: {} }],
})

test.each([
  ['up with a carrier', {}, false],
  ['carrier has come', { operstate: 'DOWN' }, true],
  ['carrier of the parent has come', { operstate: 'LOWERLAYERDOWN' }, true],
  ['carrier has gone', { flags: ['UP'] }, true],
  ['no carrier, and known', { flags: ['UP', 'NO-CARRIER'], operstate: 'DOWN' }, false],
  ['set down', { up: false, flags: [], operstate: 'DOWN' }, false],
  ['a kind that tells no state', { operstate: 'UNKNOWN' }, false],
  ['a port that does not forward yet', { port: { state: 'disabled', hairpin: false } }, true],
  ['a port that forwards', { port: { state: 'forwarding', hairpin: false } }, false],
])('%s', (_, over, lags) => {
  expect(isLagging(device(over))).toBe(lags)
})

test('reads again until nothing lags', async () => {
  const states = ['DOWN', 'DOWN', 'UP']
  const graph = await settledGraph(() => Promise.resolve(graphOf(device({ operstate: states.shift() ?? 'gone' }))))
  expect(graph.namespaces[0]?.interfaces[0]?.operstate).toBe('UP')
  expect(states).toEqual([])
})
