import { expect, test } from 'vitest'
import type { ClaimResult, ClaimStatus, RunResult, ScenarioResult } from '../model/results.ts'
import { displayWidth } from './display-width.ts'
import { supportHtml } from './support-html.ts'
import { supportMarkdown } from './support-markdown.ts'
import { supportSchema } from './support-schema.ts'
import { differencesIn, mergeRuns, supportTable, type MachineOutcome } from './support-table.ts'
import { supportText } from './support-text.ts'

const about = { netwright: '0.1.0', startedAt: '2026-01-02T03:04:05.000Z', ms: 61_000 }
const noIpvlan = 'kernel has no ipvlan: CONFIG_IPVLAN is not set'

const claim = (id: string, status: ClaimStatus, because: string): ClaimResult => ({
  id: `doc ${id}`,
  document: 'doc',
  documentTitle: '文档',
  says: `what ${id} says in more words than one line of the table has room for`,
  status,
  because,
  scenarios: [],
})

function run(kind: string, kernel: string, claims: readonly ClaimResult[]): RunResult {
  const scenario: ScenarioResult = {
    suite: 'doc/one',
    scenario: 'one',
    topology: 't',
    status: 'met',
    machine: { kind, kernel, distro: 'Debian', arch: 'x86_64', privilege: 'root' },
    steps: [],
    unmeasured: [],
    graphs: [],
    journal: [],
    failures: [],
    files: [],
    ms: 10,
  }
  return { schemaVersion: 1, ...about, ms: 1000, scenarios: [scenario], claims }
}

const outcomes: readonly MachineOutcome[] = [
  {
    machine: 'local',
    run: run('local', '6.18.1', [
      claim('A1', 'confirmed', 'ns1 → ns2 is reached'),
      claim('A2', 'not supported', noIpvlan),
      claim('A3', 'not supported', noIpvlan),
      claim('A4', 'not tested', 'no scenario of this run is linked to it'),
    ]),
  },
  {
    machine: 'vm:6.1',
    run: run('vm', '6.1.0-50', [
      claim('A1', 'refuted', 'ns1 → ns2 is blocked: no-route'),
      claim('A2', 'depends', 'depends on flag: with flag a, so; with flag b, not'),
      claim('A3', 'inconclusive', 'the capture failed'),
      claim('A4', 'not tested', 'no scenario of this run is linked to it'),
    ]),
  },
  { machine: 'vm:7.2', notRun: 'Linux 7.2 cannot be fetched [NETWRIGHT_KERNEL_NOT_FETCHED]\n  Next: connect' },
]
const table = supportTable(outcomes, about)

test('a terminal of 80 columns gets marks, and the ground of each that is not confirmed', () => {
  const text = supportText(table)
  expect(text).toMatchInlineSnapshot(`
    " 1  local   Linux 6.18.1 1 met · 0 not met · 0 skipped · 1.00 s
     2  vm:6.1  Linux 6.1.0-50 1 met · 0 not met · 0 skipped · 1.00 s
     3  vm:7.2  not run: Linux 7.2 cannot be fetched [NETWRIGHT_KERNEL_NOT_FETCHED]

    doc  文档
          local   vm:6.1  vm:7.2
      A1  ✓       ✗       !       what A1 says in more words than one line of the
                                  table has room for
      A2  –       ±       !       what A2 says in more words than one line of the
                                  table has room for
      A3  –       ?       !       what A3 says in more words than one line of the
                                  table has room for

    ✓ confirmed  ✗ refuted  ± depends  – not supported  ? inconclusive  ! not run

    Machines differ
      doc A1  confirmed on local; refuted on vm:6.1; not run on vm:7.2

    ? inconclusive
      doc A3 on vm:6.1
          the capture failed

    ✗ refuted
      doc A1 on vm:6.1
          ns1 → ns2 is blocked: no-route

    ± depends
      doc A2 on vm:6.1
          depends on flag: with flag a, so; with flag b, not

    – not supported
      local: kernel has no ipvlan: CONFIG_IPVLAN is not set
          doc A2, doc A3

    ! not run
      vm:7.2: Linux 7.2 cannot be fetched [NETWRIGHT_KERNEL_NOT_FETCHED]

    1 more claim of these documents was not tested.

    3 claims on 2 of 3 machines · 2 met · 0 not met · 0 skipped · 1 min 01 s"
  `)
  for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(80)
})

test('machines of which there are too many for their names are numbered', () => {
  const many = Array.from({ length: 12 }, (_, index): MachineOutcome => ({
    machine: `vm:${String(index)}.12-full`,
    run: run('vm', `${String(index)}.12`, [claim('A1', 'confirmed', '')]),
  }))
  const text = supportText(supportTable(many, about))
  expect(text).toMatch(/^ {4} {2}1 {3}2 .* 12$/m)
  for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(80)
})

test('Markdown has a table per document, and keeps what would break one', () => {
  expect(supportMarkdown(table)).toMatchInlineSnapshot(`
    "# Support table

    | Machine | Kernel | Userland | Met | Not met | Skipped | Time |
    | --- | --- | --- | --- | --- | --- | --- |
    | local | 6.18.1 | Debian, x86\\_64, root | 1 | 0 | 0 | 1.00 s |
    | vm:6.1 | 6.1.0-50 | Debian, x86\\_64, root | 1 | 0 | 0 | 1.00 s |
    | vm:7.2 | not run: Linux 7.2 cannot be fetched \\[NETWRIGHT\\_KERNEL\\_NOT\\_FETCHED\\] |  |  |  |  |  |

    ## doc

    文档

    | Claim | What it says | local | vm:6.1 | vm:7.2 |
    | --- | --- | --- | --- | --- |
    | A1 | what A1 says in more words than one line of the table has room for | ✓ confirmed | ✗ refuted | ! not run |
    | A2 | what A2 says in more words than one line of the table has room for | – not supported | ± depends | ! not run |
    | A3 | what A3 says in more words than one line of the table has room for | – not supported | ? inconclusive | ! not run |

    ## Where machines differ

    - **doc A1**: confirmed on local; refuted on vm:6.1; not run on vm:7.2

    ## ? inconclusive

    - **doc A3** on vm:6.1: the capture failed

    ## ✗ refuted

    - **doc A1** on vm:6.1: ns1 → ns2 is blocked: no-route

    ## ± depends

    - **doc A2** on vm:6.1: depends on flag: with flag a, so; with flag b, not

    ## – not supported

    - **doc A2, doc A3** on local: kernel has no ipvlan: CONFIG\\_IPVLAN is not set

    ## ! not run

    - vm:7.2: Linux 7.2 cannot be fetched \\[NETWRIGHT\\_KERNEL\\_NOT\\_FETCHED\\]; Next: connect

    1 more of these documents' claims: not tested.

    Measured by netwright 0.1.0 on 2026-01-02 in 1 min 01 s.
    "
  `)
  const odd = supportTable([{ machine: 'local', run: run('local', '1', [claim('a|b', 'confirmed', '')]) }], about)
  expect(supportMarkdown(odd)).toContain('| a\\|b |')
})

test('the page holds every ground and escapes it', () => {
  const odd = supportTable([{ machine: 'local', run: run('local', '1', [claim('A1', 'refuted', 'a < b')]) }], about)
  expect(supportHtml(odd)).toContain('✗ refuted</summary>a &lt; b')
  expect(supportHtml(table)).toContain('Linux 7.2 cannot be fetched')
})

test('machines differ where both measured, not where one cannot', () => {
  expect(differencesIn(table).map(({ id }) => id)).toEqual(['doc A1'])
})

test('the JSON is what its schema accepts, and a cell too few is not', () => {
  expect(supportSchema.parse(JSON.parse(JSON.stringify(table)))).toEqual(table)
  const short = { ...table, claims: table.claims.map((row) => ({ ...row, cells: row.cells.slice(1) })) }
  expect(supportSchema.safeParse(short).success).toBe(false)
})

test('runs of several machines are one, their claims judged over all', () => {
  const merged = mergeRuns(outcomes, about)
  expect(merged.scenarios.map(({ machine }) => machine.kind)).toEqual(['local', 'vm'])
  expect(merged.claims.map(({ status }) => status)).toEqual(['not tested', 'not tested', 'not tested', 'not tested'])
  expect(merged.notRun).toMatchObject([{ machine: 'vm:7.2' }])
})
