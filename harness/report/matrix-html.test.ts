import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { reached } from '../model/verdict.ts'
import { matrixHtml } from './matrix-html.ts'
import { isolated, sampleCell, sampleMatrix, toolMissing } from './testing/sample-cells.ts'

const page = (cells: ReturnType<typeof sampleMatrix>) =>
  matrixHtml({ kind: 'expect', title: 'before <&>', ms: 1, cells, graph: 0, journal: [] })
const table = (html: string) => /<table>[^]*<\/table>/.exec(html)?.[0] ?? ''

test('rows and columns have headers, cells have words, tooltips have the story', () => {
  const cells = [
    sampleCell('ns1', 'ns2', reached),
    sampleCell('ns1', 'node1', isolated, { verdict: 'reached' }),
    sampleCell('ns2', 'ns1', reached, toolMissing),
  ]
  expect(table(page(cells))).toMatchInlineSnapshot(`
    "<table><caption>icmp, IPv4</caption>
    <thead><tr><td>from \\ to</td><th scope="col">ns1</th><th scope="col">ns2</th><th scope="col">node1</th></tr></thead>
    <tbody><tr><th scope="row">ns1</th><td class="none" title="not asked">·</td><td class="ok" title="ns1 asked for 192.168.179.13 and got the answer; the request was seen arriving at ns2.">reached<small>192.168.179.13</small></td><td class="wrong" title="ns1 asked for 192.168.179.9 and got the answer; the request was seen arriving at node1."><strong>✗ </strong>reached<small>192.168.179.9</small><small>expected blocked: macvlan-parent-isolation</small></td></tr>
    <tr><th scope="row">ns2</th><td class="wrong" title="Nothing can be said: ping: command not found."><strong>✗ </strong>inconclusive: tool-missing<small>ping: command not found</small><small>192.168.179.12</small><small>expected reached</small></td><td class="none" title="not asked">·</td><td class="none" title="not asked">·</td></tr></tbody></table>"
  `)
})

test('the page is well-formed, self-contained and without scripts', () => {
  const html = page(sampleMatrix())
  const parsed: unknown = new XMLParser().parse(html.replace(/<!doctype html>|<meta charset="utf-8">/g, ''))
  expect(parsed).toMatchObject({ html: { body: { h1: 'before <&>', table: { tbody: { tr: [{}, {}] } } } } })
  expect(html).not.toMatch(/<script|src=|href=|https?:/)
})

test('the evidence of wrong cells is unfolded', () => {
  expect(page(sampleMatrix({ 'ns1 node1': { verdict: 'reached' } })).match(/<details open>/g)).toHaveLength(1)
})
