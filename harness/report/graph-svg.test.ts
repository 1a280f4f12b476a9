import { expect, test } from 'vitest'
import { graphDot } from './graph-dot.ts'
import { createGraphDrawer } from './graph-svg.ts'
import { sampleDevice, sampleGraph, sampleNamespace } from './testing/sample-graph.ts'

const drawer = await createGraphDrawer()
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text)

test('every device stands in its namespace with kind, MAC, addresses and state', () => {
  expect(texts(drawer.draw(sampleGraph({ hairpin: true }))).join('\n')).toMatchInlineSnapshot(`
    "node1
    ns1
    default via 192.168.1.1 dev mac1
    ns2
    node2
    lan
     &#160;wire
    ens160
    UP
    veth · promisc
    02:16:3e:00:00:09
    192.168.179.9/16
    node1
    hairpin
    mac1
    UP
    macvlan bridge
    6a:11:22:0f:aa:01
    192.168.179.12/16
     bridge
    mac2
    UP
    macvlan bridge
    6a:11:22:0f:aa:02
    192.168.179.13/16
     bridge
    ens160
    UP
    veth · promisc
    02:16:3e:00:00:0a
    192.168.179.10/16
    node2
    bridge"
  `)
})

test('edges: sub-interfaces to parents across namespaces, veth to bridge port, port to bridge', () => {
  const edges = graphDot(sampleGraph())
    .split('\n')
    .filter((line) => line.includes('->'))
  expect(edges.join('\n')).toMatchInlineSnapshot(`
    ""node1 ens160" -> "wire:lan node1" [dir=none, penwidth=1.6]
    "node1/ns1 mac1" -> "node1 ens160" [dir=back, arrowtail=vee, label=" bridge", style=dashed]
    "node1/ns2 mac2" -> "node1 ens160" [dir=back, arrowtail=vee, label=" bridge", style=dashed]
    "node2 ens160" -> "wire:lan node2" [dir=none, penwidth=1.6]
    "wire:lan node1" -> "wire:lan lan" [dir=none, penwidth=1.6]
    "wire:lan node2" -> "wire:lan lan" [dir=none, penwidth=1.6]"
  `)
})

test('what changed is highlighted, what is gone is struck through', () => {
  const [before, after] = [sampleGraph(), sampleGraph({ remedied: true })]
  expect(drawer.draw(after, before).match(/text-decoration="line-through"/g)).toHaveLength(1)
  expect(texts(drawer.draw(before, after))).toContain('removed')
})

test('another MAC takes the same layout', () => {
  const graph = (mac: string) => ({
    namespaces: [sampleNamespace('node1', 'host', [sampleDevice('eth0', 'dummy', { mac })])],
  })
  const [one, two] = ['02:00:00:00:00:aa', 'fe:dc:ba:98:76:54']
  const drawing = drawer.draw(graph(one))
  expect(drawing).toContain(one)
  expect(drawer.draw(graph(two))).toBe(drawing.replace(one, two))
})

test('states that decide are said in words', () => {
  const graph = {
    namespaces: [
      sampleNamespace('client', 'client', [
        sampleDevice('eth0', 'veth', { up: false }),
        sampleDevice('eth1', 'macvlan', { mode: 'vepa', operstate: 'LOWERLAYERDOWN' }),
        sampleDevice('ipv1', 'ipvlan', { mode: 'l3', flags: ['NOARP'], mtu: 9000 }),
      ]),
      sampleNamespace('client/ns <&>', 'namespace', []),
    ],
  }
  expect(texts(drawer.draw(graph)).join(' | ')).toMatchInlineSnapshot(
    `"client | ns &lt;&amp;&gt; | eth0 | DOWN | veth | 02:00:00:00:00:01 | eth1 | UP, no carrier | macvlan vepa | 02:00:00:00:00:01 | ipv1 | UP | ipvlan l3 · noarp · mtu 9000 | 02:00:00:00:00:01 | no device but lo"`,
  )
})

test('the drawing is one SVG element that loads nothing', () => {
  const svg = drawer.draw(sampleGraph())
  expect(svg).toMatch(/^<svg [^]*<\/svg>\s*$/)
  expect(svg.replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')).not.toMatch(/https?:/)
})
