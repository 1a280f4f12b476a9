import type { TestCase } from 'vitest/node'
import { NetwrightError } from '../model/errors.ts'
import type { Claim } from '../model/results.ts'
import { hanging } from '../report/display-width.ts'
import type { DeclaredScenario } from '../suite/vitest-binding.ts'
import { suiteName } from '../suite/suite-name.ts'
import { exitCodes } from './exit-codes.ts'
import { fileOf } from './run-collector.ts'
import type { RunOptions } from './run-options.ts'
import { prepareRun } from './run-suites.ts'
import type { Terminal } from './terminal.ts'

/** A scenario that was declared and not run. */
export interface ListedScenario extends DeclaredScenario {
  readonly suite: string
  readonly title: string
}

/** What reading the suite files brought. */
export interface Listing {
  readonly scenarios: readonly ListedScenario[]
  /** Files that could not be read, and why. */
  readonly broken: readonly { readonly suite: string; readonly why: string }[]
}

/** Reads suite files without running a scenario. */
export async function readScenarios(
  options: Pick<RunOptions, 'suites' | 'roots' | 'root' | 'on' | 'wanted'>,
): Promise<Listing> {
  const { roots, on, root } = options
  const files = options.suites.map(({ file }) => file)
  const runner = await prepareRun({ files, settings: { on, roots }, bail: 0, root }, {})
  const modules = await runner.collect()
  await runner.close()
  const listed = (test: TestCase): ListedScenario[] => {
    const declared = test.meta().netwrightDeclared
    return declared === undefined || !options.wanted(test.name)
      ? []
      : [{ ...declared, suite: suiteName(fileOf(test), roots), title: test.name }]
  }
  const broken = (test: TestCase): Listing['broken'] => {
    const { netwrightBroken: problem } = test.meta()
    return problem === undefined ? [] : [{ suite: suiteName(problem.file, roots), why: problem.message }]
  }
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  return {
    scenarios: tests.flatMap(listed).sort((a, b) => (a.suite < b.suite ? -1 : a.suite > b.suite ? 1 : 0)),
    broken: [
      ...tests.flatMap(broken),
      ...modules.flatMap((module) => module.errors().map(({ message }) => ({ suite: '(all)', why: message }))),
    ],
  }
}

/** `netwright run --list` */
export async function listScenarios(options: RunOptions, { print, colours, width }: Terminal): Promise<number> {
  const listing = await readScenarios(options)
  for (const [suite, scenarios] of Map.groupBy(listing.scenarios, (scenario) => scenario.suite)) {
    print(colours.bold(suite))
    for (const { title, claim, when } of scenarios) {
      const marks = [claim, when].filter((mark) => mark !== undefined).join(', ')
      for (const line of hanging('  - ', `${title}${marks === '' ? '' : ` (${marks})`}`, width)) print(line)
    }
  }
  const suites = new Set(listing.scenarios.map(({ suite }) => suite)).size
  print(`${String(listing.scenarios.length)} scenarios in ${String(suites)} suites`)
  return endListing(listing)
}

/** `netwright run --list-claims` */
export async function listClaims(options: RunOptions, { print, colours, width }: Terminal): Promise<number> {
  const listing = await readScenarios(options)
  const claims = new Map<string, Claim>()
  for (const claim of listing.scenarios.flatMap(({ documentClaims }) => documentClaims)) claims.set(claim.id, claim)
  for (const [, rows] of Map.groupBy(claims.values(), ({ document }) => document)) {
    print(colours.bold(rows[0]?.documentTitle ?? ''))
    for (const { id, says } of rows) {
      const tests = listing.scenarios.filter(({ claim }) => claim === id).length
      for (const line of hanging(
        `  ${id}  `,
        `${says} (${String(tests)} ${tests === 1 ? 'scenario' : 'scenarios'})`,
        width,
      ))
        print(line)
    }
  }
  print(`${String(claims.size)} claims`)
  return endListing(listing)
}

function endListing({ broken }: Listing): number {
  const [first] = broken
  if (first === undefined) return exitCodes.ok
  throw new NetwrightError('NETWRIGHT_EXPECTATION_NOT_MEASURED', `the suite ${first.suite} cannot be read`, {
    stderr: first.why,
  })
}
