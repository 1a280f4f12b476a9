import { expect, test } from 'vitest'
import type { Graph, Interface } from '../model/graph.ts'
import { graphDiff, graphDiffText } from './graph-diff.ts'
import { sampleDevice, sampleGraph, sampleNamespace } from './testing/sample-graph.ts'

const host = (...devices: readonly Interface[]): Graph => ({ namespaces: [sampleNamespace('node1', 'host', devices)] })

test('an address moves to a new sub-interface', () => {
  const changes = graphDiff(sampleGraph(), sampleGraph({ remedied: true }))
  expect(graphDiffText(changes)).toMatchInlineSnapshot(`
    "- node1  ens160: address 192.168.179.9/16
    + node1  mac0: macvlan bridge, UP, 192.168.179.9/16
    - node1  route 192.168.0.0/16 dev ens160
    + node1  route 192.168.0.0/16 dev mac0"
  `)
})

test('nothing changed', () => {
  expect(graphDiffText(graphDiff(sampleGraph(), sampleGraph()))).toBe('nothing changed')
})

test('states of a device', () => {
  const before = host(sampleDevice('eth0', 'veth'), sampleDevice('mac1', 'macvlan', { mode: 'vepa' }))
  const after = host(
    sampleDevice('eth0', 'veth', { up: false }),
    sampleDevice('mac1', 'macvlan', { mode: 'bridge', operstate: 'LOWERLAYERDOWN', mtu: 1400 }),
  )
  expect(graphDiffText(graphDiff(before, after))).toMatchInlineSnapshot(`
    "~ node1  eth0: state UP → DOWN
    ~ node1  mac1: state UP → UP, no carrier
    ~ node1  mac1: kind macvlan vepa → macvlan bridge
    ~ node1  mac1: MTU 1500 → 1400"
  `)
})

test('a device that moves is gone in one namespace and new in the other', () => {
  const mac1 = sampleDevice('mac1', 'macvlan', { mode: 'bridge', addresses: ['10.0.0.1/24'] })
  const ns1 = (...devices: readonly Interface[]) => sampleNamespace('node1/ns1', 'namespace', devices)
  const before: Graph = { namespaces: [...host(mac1).namespaces, ns1()] }
  const after: Graph = { namespaces: [...host().namespaces, ns1({ ...mac1, up: false, addresses: [] })] }
  expect(graphDiffText(graphDiff(before, after))).toMatchInlineSnapshot(`
    "- node1      mac1: macvlan bridge
    + node1/ns1  mac1: macvlan bridge, DOWN"
  `)
  expect(graphDiffText(graphDiff(host(mac1), after))).toContain('+ node1/ns1  namespace')
})

test('hairpin, sysctls and permanent neighbours count, learnt neighbours do not', () => {
  const [ns] = host().namespaces
  if (ns === undefined) throw new Error('no namespace')
  const after = {
    ...ns,
    sysctls: { ...ns.sysctls, 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.mac1.rp_filter': '2' },
    neighbours: [
      { address: '10.0.0.2', dev: 'eth0', mac: '02:00:00:00:00:02', state: 'PERMANENT' },
      { address: '10.0.0.3', dev: 'eth0', mac: '02:00:00:00:00:03', state: 'STALE' },
    ],
  }
  expect(graphDiffText(graphDiff(host(), { namespaces: [after] }))).toMatchInlineSnapshot(`
    "+ node1  permanent neighbour 10.0.0.2 02:00:00:00:00:02 dev eth0
    ~ node1  net.ipv4.ip_forward: 0 → 1"
  `)
  expect(graphDiffText(graphDiff(sampleGraph(), sampleGraph({ hairpin: true })))).toMatchInlineSnapshot(
    `"~ wire:lan  node1: hairpin off → on"`,
  )
})
