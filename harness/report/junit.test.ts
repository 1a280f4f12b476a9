import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import type { RunResult } from '../model/results.ts'
import { failureText } from './failure-text.ts'
import { junitXml } from './junit.ts'
import { sampleMatrix } from './testing/sample-cells.ts'
import { sampleMachine, sampleRun, sampleScenario } from './testing/sample-run.ts'

interface Parsed {
  readonly testsuites: { readonly testsuite: readonly { readonly testcase: readonly Record<string, unknown>[] }[] }
}
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => name === 'testsuite' || name === 'testcase',
})
const parse = (run: RunResult) => parser.parse(junitXml(run)) as Parsed
const line = (xml: string) => xml.replaceAll(/<(testsuite|testcase|\/testsuite)\b/g, '\n<$1')

test('a run', () => {
  expect(line(junitXml(sampleRun()))).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="netwright" tests="9" failures="1" errors="0" skipped="2" time="4.210" timestamp="2026-01-15T09:30:00.000Z">
    <testsuite name="macvlan-in-action/children" tests="1" failures="0" errors="0" skipped="0" time="0.412" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="macvlan-in-action.children" name="two namespaces and another node answer" time="0.412"><properties><property name="claim" value="macvlan-in-action A3"/><property name="topology" value="macvlan bridge"/></properties></testcase>
    </testsuite>
    <testsuite name="macvlan-in-action/host-access" tests="1" failures="0" errors="0" skipped="0" time="1.204" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="macvlan-in-action.host-access" name="ns → host fails until a mac0 sub-interface is added" time="1.204"><properties><property name="claim" value="macvlan-in-action A7"/><property name="topology" value="macvlan bridge"/></properties></testcase>
    </testsuite>
    <testsuite name="virtual-nics/modes" tests="2" failures="0" errors="0" skipped="0" time="0.824" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="virtual-nics.modes" name="vepa children talk through the switch (hairpin on)" time="0.412"><properties><property name="claim" value="virtual-nics B4"/><property name="when" value="hairpin on"/><property name="topology" value="macvlan bridge"/></properties></testcase>
    <testcase classname="virtual-nics.modes" name="vepa children talk through the switch (hairpin off)" time="0.412"><properties><property name="claim" value="virtual-nics B4"/><property name="when" value="hairpin off"/><property name="topology" value="macvlan bridge"/></properties></testcase>
    </testsuite>
    <testsuite name="macvlan-in-action/support" tests="1" failures="0" errors="0" skipped="0" time="0.412" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="macvlan-in-action.support" name="lsmod lists macvlan" time="0.412"><properties><property name="claim" value="macvlan-in-action A1"/><property name="topology" value="macvlan bridge"/></properties></testcase>
    </testsuite>
    <testsuite name="macvlan-in-action/promisc" tests="1" failures="1" errors="0" skipped="0" time="0.412" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="macvlan-in-action.promisc" name="promiscuous mode is not needed" time="0.412"><properties><property name="claim" value="macvlan-in-action A9"/><property name="topology" value="macvlan bridge"/></properties><failure type="NETWRIGHT_EXPECTATION_NOT_MET" message="without promisc: ns1 → ns2 is inconclusive: tool-missing, ping: command not found, expected reached">without promisc: 1 of 1 cell is not as expected

      icmp, IPv4
      expected   ns2      observed   ns2
      ns1       ✗ok       ns1       ✗??a

      ??a  inconclusive: tool-missing

    ✗ ns1 → ns2 192.168.179.13 (icmp, IPv4)
        expected  reached
        observed  inconclusive: tool-missing, ping: command not found
        - Nothing can be said: ping: command not found.</failure></testcase>
    </testsuite>
    <testsuite name="virtual-nics/ipvlan" tests="2" failures="0" errors="0" skipped="2" time="0.000" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="virtual-nics.ipvlan" name="ns1 → ns2 with the default route" time="0.000"><properties><property name="claim" value="virtual-nics B5"/><property name="topology" value="macvlan bridge"/></properties><skipped message="kernel has no ipvlan: CONFIG_IPVLAN is not set"/></testcase>
    <testcase classname="virtual-nics.ipvlan" name="net1 and net2 on the host" time="0.000"><properties><property name="claim" value="virtual-nics B5"/><property name="topology" value="macvlan bridge"/></properties><skipped message="kernel has no ipvlan: CONFIG_IPVLAN is not set"/></testcase>
    </testsuite>
    <testsuite name="beyond/ipv6" tests="1" failures="0" errors="0" skipped="0" time="0.412" timestamp="2026-01-15T09:30:00.000Z" hostname="local 6.1.0-32-amd64"><properties><property name="kind" value="local"/><property name="kernel" value="6.1.0-32-amd64"/><property name="distro" value="Debian GNU/Linux 12 (bookworm)"/><property name="arch" value="x86_64"/><property name="privilege" value="root"/></properties>
    <testcase classname="beyond.ipv6" name="children answer over IPv6 and TCP" time="0.412"><properties><property name="topology" value="macvlan bridge"/></properties></testcase>
    </testsuite></testsuites>
    "
  `)
})

test('what was not measured, and why it ran elsewhere, are properties', () => {
  const leftOut = { cells: ['before: ns1 → ns2, IPv6'], reason: 'IPv6 is disabled in the kernel' }
  const scenario = sampleScenario({ leftOut, movedBecause: 'kernel has no ipvlan' })
  const xml = junitXml({ ...sampleRun(), scenarios: [scenario] })
  expect(xml).toContain('<property name="left out" value="1 cell not measured: IPv6 is disabled in the kernel"/>')
  expect(xml).toContain('<property name="not on the machine itself" value="kernel has no ipvlan"/>')
})

test('the same suite on two machines is two test suites', () => {
  const other = sampleScenario({ machine: { ...sampleMachine, kernel: '6.12.1' } })
  expect(parse(sampleRun([sampleScenario(), other])).testsuites.testsuite).toHaveLength(2)
})

test('any text survives the way through a parser', () => {
  const step = {
    kind: 'expect',
    title: 't',
    ms: 1,
    cells: sampleMatrix({ 'ns1 ns2': { verdict: 'reached' } }),
    graph: 0,
    journal: [],
  } as const
  const texts = [failureText(step), 'a < b && "c" > \'d\' ]]> <!-- \t e\r\n f', '網路 → ✗ 🦊']
  for (const message of texts) {
    const failures = [{ code: 'NETWRIGHT_EXPECTATION_NOT_MET', message }]
    const run = sampleRun([sampleScenario({ status: 'not met', failures, scenario: message })])
    const [testcase] = parse(run).testsuites.testsuite[0]?.testcase ?? []
    expect(testcase).toMatchObject({ name: message, failure: { '#text': message } })
  }
})

test('what XML cannot hold is spelt out, colours are dropped', () => {
  const skipReason = 'bell \u0007, \u001b[31mred\u001b[0m, half \ud83e, nul \0, \uffff'
  const [testcase] =
    parse(sampleRun([sampleScenario({ status: 'skipped', skipReason })])).testsuites.testsuite[0]?.testcase ?? []
  expect(testcase?.['skipped']).toMatchInlineSnapshot(`
    {
      "message": "bell \\u0007, red, half \\ud83e, nul \\u0000, \\uffff",
    }
  `)
})
