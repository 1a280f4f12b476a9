import type { CellResult, ScenarioResult, StepResult } from './results.ts'
import { meets, verdictText } from './verdict.ts'
import type { Expected, Verdict } from './verdict.ts'

/** What one scenario has to say about the document's claim. */
export type Testimony =
  | { readonly kind: 'agrees'; readonly fact: string; readonly measured: number }
  | { readonly kind: 'disagrees'; readonly fact: string }
  | { readonly kind: 'silent'; readonly why: string }

/** Judges a scenario by what the document says of its cells and findings; one counterexample decides. */
export function testimonyOf(scenario: ScenarioResult): Testimony {
  const facts: string[] = []
  const unsure: string[] = []
  for (const said of scenario.steps.flatMap(statements)) {
    switch (said.kind) {
      case 'disagrees':
        return said
      case 'agrees':
        facts.push(said.fact)
        break
      case 'silent':
        unsure.push(said.why)
    }
  }
  const needless = scenario.failures.find(({ code }) => code === 'NETWRIGHT_REMEDY_NOT_NEEDED')
  if (needless && unsure.length === 0) return { kind: 'disagrees', fact: firstLine(needless.message) }
  const broken = scenario.failures.find(({ code }) => code !== 'NETWRIGHT_EXPECTATION_NOT_MET')
  const why = unsure[0] ?? scenario.unmeasured.map((cell) => `${cell} was never measured`)[0] ?? broken?.message
  if (why !== undefined) return { kind: 'silent', why: firstLine(why) }
  const fact = flipOf(scenario.steps) ?? facts[0]
  if (fact === undefined) return { kind: 'silent', why: `“${scenario.scenario}” measured nothing` }
  return { kind: 'agrees', fact, measured: facts.length }
}

function statements(step: StepResult): Testimony[] {
  switch (step.kind) {
    case 'expect':
      return step.cells.map(cellStatement)
    case 'finding':
      return [findingStatement(step)]
    case 'build':
    case 'remedy':
    case 'undo':
      return []
  }
}

function cellStatement(cell: CellResult): Testimony {
  const says = cell.documentSays ?? cell.expected
  const { observed } = cell
  if (observed.verdict === 'inconclusive') {
    return { kind: 'silent', why: `${cellName(cell)} is inconclusive: ${observed.why}, ${observed.detail}` }
  }
  const fact = `${cellName(cell)} is ${verdictText(observed)}`
  if (meets(observed, says)) return { kind: 'agrees', fact, measured: 1 }
  return { kind: 'disagrees', fact: `${fact}${at(observed, says)} where the document says ${verdictText(says)}` }
}

/** The place, only where it is the place that differs. */
function at(observed: Verdict, says: Expected): string {
  if (observed.verdict !== 'blocked' || says.verdict !== 'blocked' || observed.reason !== says.reason) return ''
  return ` at ${observed.at}, not at ${says.at ?? 'any place'},`
}

function findingStatement(step: Extract<StepResult, { kind: 'finding' }>): Testimony {
  const { title, measured, found, holds } = step
  if (measured === 'inconclusive') return { kind: 'silent', why: `“${title}” could not be checked: ${found}` }
  const fact = `“${title}” ${measured ? 'holds' : 'does not hold'}: ${found}`
  if (measured === holds) return { kind: 'agrees', fact, measured: 1 }
  return { kind: 'disagrees', fact: `${fact}, where the document says it ${holds ? 'holds' : 'does not'}` }
}

/** `ns1 → node1 is blocked: … until “remedy”, then reached`: the strongest fact of an until-scenario. */
function flipOf(steps: readonly StepResult[]): string | undefined {
  const before = new Map<string, CellResult>()
  let remedy: string | undefined
  for (const step of steps) {
    // What was given to begin with is no remedy.
    if (step.kind === 'remedy' && step.title.startsWith('until '))
      remedy = step.title.replace(/^until (.*)$/, 'until “$1”')
    if (step.kind !== 'expect') continue
    for (const cell of step.cells) {
      const was = before.get(cellName(cell))
      if (was && remedy !== undefined && verdictText(was.observed) !== verdictText(cell.observed)) {
        return `${cellName(cell)} is ${verdictText(was.observed)} ${remedy}, then ${verdictText(cell.observed)}`
      }
      before.set(cellName(cell), cell)
    }
  }
  return undefined
}

function cellName(cell: CellResult): string {
  const marks = [...(cell.proto === 'icmp' ? [] : [cell.proto]), ...(cell.family === 6 ? ['IPv6'] : [])]
  return `${cell.from} → ${cell.to}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`
}

/** An error's sentence without its code. */
const firstLine = (text: string) => (text.split('\n', 1)[0] ?? '').replace(/ \[NETWRIGHT_\w+\]$/, '')
