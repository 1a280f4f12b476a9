import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { blocked, reached } from '../model/verdict.ts'
import { displayWidth } from './display-width.ts'
import { matrixText } from './matrix-text.ts'
import { sampleCell, sampleMatrix, toolMissing } from './testing/sample-cells.ts'

test('a matrix as expected', () => {
  expect(matrixText(sampleMatrix())).toMatchInlineSnapshot(`
    "        ns1   ns2   node1   node2
      ns1   ·     ok    --a     ok
      ns2   ok    ·     --a     ok

      --a  blocked: macvlan-parent-isolation"
  `)
})

test('wrong and inconclusive cells are marked', () => {
  const text = matrixText(sampleMatrix({ 'ns1 node1': { verdict: 'reached' }, 'ns2 ns1': toolMissing }))
  expect(text).toMatchInlineSnapshot(`
    "        ns1   ns2   node1   node2
      ns1   ·     ok   ✗ok      ok
      ns2  ✗??a   ·     --b     ok

      ??a  inconclusive: tool-missing
      --b  blocked: macvlan-parent-isolation"
  `)
})

test('protocols and families are matrices of their own, with one legend', () => {
  const cells = [
    sampleCell('ns1', 'ns2', reached),
    sampleCell('ns1', 'ns2', blocked('no-listener'), undefined, { protocol: { kind: 'tcp', port: 8080 } }),
    sampleCell('ns1', 'ns2', reached, toolMissing, { family: 6, address: 'fd00::13' }),
  ]
  expect(matrixText(cells)).toMatchInlineSnapshot(`
    "  icmp, IPv4
            ns2
      ns1   ok

      tcp/8080, IPv4
            ns2
      ns1   --a

      icmp, IPv6
            ns2
      ns1  ✗??b

      --a  blocked: no-listener
      ??b  inconclusive: tool-missing"
  `)
})

test('a source is called as the suite calls it where it is a destination', () => {
  const cells = [sampleCell('ns1', 'ns2', reached), sampleCell('ns2', '192.168.179.12', reached)]
  expect(matrixText(cells.map((cell) => ({ ...cell, from: cell.evidence.probe.from })))).toMatchInlineSnapshot(`
    "              ns2   192.168.179.12
      node1/ns1   ok    ·
      ns2         ·     ok"
  `)
})

test('a name with two addresses has two columns', () => {
  const second = sampleCell('ns1', 'node1', blocked('no-route'), undefined, { address: '10.0.0.1' })
  expect(matrixText([sampleCell('ns1', 'node1', reached), second])).toMatchInlineSnapshot(`
    "        node1 192.168.179.9   node1 10.0.0.1
      ns1   ok                    --a

      --a  blocked: no-route"
  `)
})

const wideMatrix = () => {
  const names = Array.from({ length: 12 }, (_, index) => `namespace${index}`)
  return names.flatMap((from) =>
    names.filter((to) => to !== from).map((to) => sampleCell(from, to, from < to ? reached : blocked('private-mode'))),
  )
}

test('a wide matrix is split into blocks of columns that fit', () => {
  const lines = matrixText(wideMatrix()).split('\n')
  expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(80)
  expect(lines.filter((line) => /^ {6}/.test(line)).join('\n')).toMatchInlineSnapshot(`
    "                namespace0   namespace1   namespace2   namespace3   namespace4
                    namespace5   namespace6   namespace7   namespace8   namespace9
                    namespace10   namespace11"
  `)
})

test('colours add nothing that words do not say', () => {
  const cells = sampleMatrix({ 'ns1 node1': { verdict: 'reached' } })
  const coloured = matrixText(cells, { colours: picocolors.createColors(true) })
  expect(coloured).not.toBe(matrixText(cells))
  expect(stripVTControlCharacters(coloured)).toBe(matrixText(cells))
})
