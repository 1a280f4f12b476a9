import type { ClaimResult, ClaimStatus, MachineFacts, RunResult, ScenarioResult } from '../model/results.ts'
import { plain } from './colours.ts'
import type { Colours } from './colours.ts'
import { displayWidth, hanging, pad, wrap } from './display-width.ts'
import type { TextOptions } from './matrix-text.ts'
import { failureHeadlines, leftOutText } from './scenario-failure.ts'

/** How many scenarios ended how; `reasons` counts the skipped ones by reason. */
export interface Totals {
  readonly met: number
  readonly notMet: number
  readonly skipped: number
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
}

/** Counts a run; the exit code of `netwright run` rests on `notMet`. */
export function totalsOf(scenarios: readonly ScenarioResult[]): Totals {
  const count = (status: ScenarioResult['status']) => scenarios.filter((scenario) => scenario.status === status).length
  const reasons = new Map<string, number>()
  for (const { status, skipReason = 'no reason given' } of scenarios) {
    if (status === 'skipped') reasons.set(skipReason, (reasons.get(skipReason) ?? 0) + 1)
  }
  return {
    met: count('met'),
    notMet: count('not met'),
    skipped: count('skipped'),
    reasons: [...reasons].map(([reason, n]) => ({ reason, count: n })).sort((a, b) => b.count - a.count),
  }
}

/** `0.04 s`, `12.3 s`, `3 min 05 s`. */
export function secondsText(ms: number): string {
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** `local 6.1.0-32-amd64`, or `vm:6.1 (6.1.0-32-amd64)` where it has a name: what tells two machines of a run apart. */
export function machineName({ name, kind, kernel }: MachineFacts): string {
  return name === undefined ? `${kind} ${kernel}` : `${name} (${kernel})`
}

/**
 * What a run found out, for a terminal: every scenario by suite, every claim with its ground, the reasons of the skips,
 * and in the last line the counts.
 */
export function summaryText(run: RunResult, { width = 80, colours = plain }: TextOptions = {}): string {
  const totals = totalsOf(run.scenarios)
  return [
    ...scenarioLines(run, width, colours),
    ...claimLines(run.claims, width, colours),
    ...skipLines(totals, width, colours),
    lastLine(totals, run, colours),
  ].join('\n')
}

/** `41 met · 2 not met · 7 skipped · 12.3 s`. */
function lastLine(totals: Totals, { ms, scenarios }: RunResult, colours: Colours = plain): string {
  const { met, notMet, skipped } = totals
  const leftOut = scenarios.reduce((sum, scenario) => sum + (scenario.leftOut?.cells.length ?? 0), 0)
  return [
    colours.green(`${met} met`),
    notMet === 0 ? '0 not met' : colours.red(`${notMet} not met`),
    skipped === 0 ? '0 skipped' : colours.yellow(`${skipped} skipped`),
    ...(leftOut === 0 ? [] : [colours.yellow(`${leftOut} ${leftOut === 1 ? 'cell' : 'cells'} not measured`)]),
    secondsText(ms),
  ].join(' · ')
}

function scenarioLines(run: RunResult, width: number, colours: Colours): string[] {
  const severalMachines = new Set(run.scenarios.map(({ machine }) => machineName(machine))).size > 1
  const folder = (suite: string) => suite.split('/', 1)[0]
  const suites = [...Map.groupBy(run.scenarios, ({ suite }) => suite)]
  const lines = suites.flatMap(([suite, scenarios], index) => {
    // A folder is a document: its suites stand together.
    const before = index > 0 && folder(suites[index - 1]?.[0] ?? '') !== folder(suite) ? [''] : []
    return [
      ...before,
      colours.bold(suite),
      ...scenarios.flatMap((one) => scenarioBlock(one, severalMachines, width, colours)),
    ]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

function scenarioBlock(scenario: ScenarioResult, nameMachine: boolean, width: number, colours: Colours): string[] {
  const { status, ms, machine } = scenario
  const indent = ' '.repeat(11)
  const title = nameMachine ? `${scenario.scenario} (${machineName(machine)})` : scenario.scenario
  const [first = '', ...rest] = wrap(title, width - 20)
  const line = status === 'skipped' ? first : `${pad(first, width - 20)}${colours.dim(secondsText(ms).padStart(9))}`
  const notes =
    status === 'skipped'
      ? [scenario.skipReason ?? 'no reason given']
      : [...failureHeadlines(scenario), leftOutText(scenario)].flatMap((note) => note ?? [])
  return [
    `  ${statusWord(status, colours)}${line}`,
    ...rest.map((more) => indent + more),
    ...notes.flatMap((note) => hanging(`${indent}- `, note, width)),
  ]
}

function statusWord(status: ScenarioResult['status'], colours: Colours): string {
  switch (status) {
    case 'met':
      return colours.green('met      ')
    case 'not met':
      return colours.red('NOT MET  ')
    case 'skipped':
      return colours.yellow('skipped  ')
  }
}

function claimLines(claims: readonly ClaimResult[], width: number, colours: Colours): string[] {
  return [...Map.groupBy(claims, ({ document }) => document)].flatMap(([document, rows]) => {
    const title = rows[0]?.documentTitle ?? document
    const name = (id: string) => (id.startsWith(`${document} `) ? id.slice(document.length + 1) : id)
    const idWidth = Math.max(...rows.map(({ id }) => displayWidth(name(id))))
    return [
      `${colours.bold(`Claims of ${document}`)}${title === document ? '' : colours.dim(`  ${title}`)}`,
      ...rows.flatMap(({ id, status, says, because }) => {
        const indent = ' '.repeat(idWidth + 19)
        const [first = '', ...rest] = hanging(indent, says, width)
        return [
          `  ${pad(name(id), idWidth)}  ${claimWord(status, colours)}${first.slice(indent.length)}`,
          ...rest,
          ...hanging(`${indent}- `, because, width).map((line) => colours.dim(line)),
        ]
      }),
      '',
    ]
  })
}

function claimWord(status: ClaimStatus, colours: Colours): string {
  const word = status.padEnd(15)
  switch (status) {
    case 'confirmed':
      return colours.green(word)
    case 'refuted':
      return colours.red(word)
    case 'depends':
      return colours.cyan(word)
    case 'inconclusive':
      return colours.yellow(word)
    case 'not supported':
    case 'not tested':
      return colours.dim(word)
  }
}

function skipLines({ reasons }: Totals, width: number, colours: Colours): string[] {
  if (reasons.length === 0) return []
  const lines = reasons.flatMap(({ reason, count }) => hanging(`${String(count).padStart(5)}  `, reason, width))
  return [colours.bold('Skipped'), ...lines, '']
}
