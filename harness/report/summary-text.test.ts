import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { coloursFor } from './colours.ts'
import { displayWidth } from './display-width.ts'
import { secondsText, summaryText, totalsOf } from './summary-text.ts'
import { sampleMachine, sampleRun, sampleScenario, sampleScenarios } from './testing/sample-run.ts'

test('the summary of a run, without colours, in 80 columns', () => {
  const text = summaryText(sampleRun())
  expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80)
  expect(text).toMatchInlineSnapshot(`
    "macvlan-in-action/children
      met      two namespaces and another node answer                         0.41 s
    macvlan-in-action/host-access
      met      ns → host fails until a mac0 sub-interface is added            1.20 s

    virtual-nics/modes
      met      vepa children talk through the switch (hairpin on)             0.41 s
      met      vepa children talk through the switch (hairpin off)            0.41 s

    macvlan-in-action/support
      met      lsmod lists macvlan                                            0.41 s
    macvlan-in-action/promisc
      NOT MET  promiscuous mode is not needed                                 0.41 s
               - without promisc: ns1 → ns2 is inconclusive: tool-missing, ping:
                 command not found, expected reached

    virtual-nics/ipvlan
      skipped  ns1 → ns2 with the default route
               - kernel has no ipvlan: CONFIG_IPVLAN is not set
      skipped  net1 and net2 on the host
               - kernel has no ipvlan: CONFIG_IPVLAN is not set

    beyond/ipv6
      met      children answer over IPv6 and TCP                              0.41 s

    Claims of macvlan-in-action  Macvlan 网络方案实践
      A1  refuted        lsmod lists macvlan after modprobe; an empty answer means
                         the kernel has none.
                         - “lsmod lists macvlan” does not hold: macvlan is built
                           into this kernel and lsmod never lists it, where the
                           document says it holds
      A3  confirmed      ns1 and ns2 answer each other.
                         - ns1 → ns2 is reached, and all 6 measurements are as the
                           document says
      A7  confirmed      ns1 cannot reach node1 until a macvlan sub-interface on
                         node1 takes over its address.
                         - ns1 → node1 is blocked: macvlan-parent-isolation until
                           “mac0 takes over the address of ens160”, then reached,
                           and all 8 measurements are as the document says
      A8  not tested     When ens160 goes down, all sub-interfaces stop working.
                         - no scenario of this run is linked to it
      A9  inconclusive   ens160 has to be in promiscuous mode.
                         - ns1 → ns2 is inconclusive: tool-missing, ping: command
                           not found

    Claims of virtual-nics  虚拟网卡解析
      B4  depends        vepa children talk through the external switch.
                         - depends on hairpin: with hairpin on, ns1 → ns2 is
                           reached; with hairpin off, ns1 → ns2 is blocked:
                           vepa-not-reflected where the document says reached
      B5  not supported  ipvlan l3 children share the MAC of their parent and reach
                         each other.
                         - kernel has no ipvlan: CONFIG_IPVLAN is not set

    Skipped
        2  kernel has no ipvlan: CONFIG_IPVLAN is not set

    6 met · 1 not met · 2 skipped · 4.21 s"
  `)
})

test('colours change no word', () => {
  const coloured = summaryText(sampleRun(), { colours: picocolors.createColors(true) })
  expect(stripVTControlCharacters(coloured)).toBe(summaryText(sampleRun()))
})

test('the machine is named where there are several', () => {
  const other = sampleScenario({ machine: { ...sampleMachine, kind: 'vm', kernel: '6.12.1' } })
  const text = summaryText({ ...sampleRun([sampleScenario(), other]), claims: [] })
  expect(text).toMatchInlineSnapshot(`
    "macvlan-in-action/children
      met      two namespaces and another node answer (local                  0.41 s
               6.1.0-32-amd64)
      met      two namespaces and another node answer (vm 6.12.1)             0.41 s

    2 met · 0 not met · 0 skipped · 4.21 s"
  `)
})

test('skips are counted by reason', () => {
  expect(totalsOf(sampleScenarios())).toMatchInlineSnapshot(`
    {
      "met": 6,
      "notMet": 1,
      "reasons": [
        {
          "count": 2,
          "reason": "kernel has no ipvlan: CONFIG_IPVLAN is not set",
        },
      ],
      "skipped": 2,
    }
  `)
})

test('durations', () => {
  expect([38, 12_345, 185_000].map(secondsText)).toMatchInlineSnapshot(`
    [
      "0.04 s",
      "12.3 s",
      "3 min 05 s",
    ]
  `)
})

test('colours need a terminal that wants them', () => {
  const on = (isTTY: boolean, env = {}, args: string[] = []) => coloursFor({ isTTY }, env, args).isColorSupported
  expect(on(true)).toBe(true)
  expect(on(false, { CI: 'true' })).toBe(false)
  expect(on(true, { NO_COLOR: '1' })).toBe(false)
  expect(on(true, { TERM: 'dumb' })).toBe(false)
  expect(on(true, {}, ['--no-color'])).toBe(false)
})

test('cells that the machine cannot carry are told beside what is met, and in the last line', () => {
  const leftOut = {
    cells: ['before: ns1 → ns2, IPv6', 'before: ns2 → ns1, IPv6'],
    reason: 'IPv6 is disabled in the kernel',
  }
  const lines = summaryText({ ...sampleRun(), scenarios: [sampleScenario({ leftOut })], claims: [] }).split('\n')
  expect(lines).toContain('           - 2 cells not measured: IPv6 is disabled in the kernel')
  expect(lines.at(-1)).toMatch(/^1 met · 0 not met · 0 skipped · 2 cells not measured · /)
})
