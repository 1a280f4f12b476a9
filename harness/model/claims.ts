import type { CellResult, Claim, ClaimResult, ClaimStatus, ScenarioResult, StepResult } from './results.ts'
import { meets, verdictText } from './verdict.ts'
import type { Expected, Verdict } from './verdict.ts'

/** What one scenario has to say about the document's claim. */
type Testimony =
  | { readonly kind: 'agrees'; readonly fact: string; readonly measured: number }
  | { readonly kind: 'disagrees'; readonly fact: string }
  | { readonly kind: 'silent'; readonly why: string }

interface Witness {
  readonly scenario: ScenarioResult
  readonly testimony: Testimony
}

/**
 * What the run says about each row of the documents. The document is a witness: what counts is what it says
 * (`documentSays`), not what the suite has learnt to expect.
 *
 * A counterexample is conclusive, so a scenario with one disagrees whatever else it could not measure. A claim with
 * agreeing and disagreeing scenarios depends on what they vary.
 */
export function judgeClaims(claims: readonly Claim[], scenarios: readonly ScenarioResult[]): ClaimResult[] {
  return claims.map((claim) => {
    const linked = scenarios.filter((scenario) => scenario.claim === claim.id)
    return { ...claim, ...judge(linked), scenarios: [...new Set(linked.map(({ scenario }) => scenario))] }
  })
}

function judge(linked: readonly ScenarioResult[]): { status: ClaimStatus; because: string } {
  if (linked.length === 0) return { status: 'not tested', because: 'no scenario of this run is linked to it' }
  const skipped = linked.filter(({ status }) => status === 'skipped')
  const reasons = [...new Set(skipped.map(({ skipReason }) => skipReason ?? 'no reason given'))].join('; ')
  if (skipped.length === linked.length) return { status: 'not supported', because: reasons }

  const ran = linked.filter(({ status }) => status !== 'skipped')
  const witnesses = ran.map((scenario) => ({ scenario, testimony: testimonyOf(scenario) }))
  const because = judgeWitnesses(witnesses)
  if (skipped.length === 0) return because
  return { ...because, because: `${because.because} (${skipped.length} of ${linked.length} skipped: ${reasons})` }
}

function judgeWitnesses(witnesses: readonly Witness[]): { status: ClaimStatus; because: string } {
  const said = (kind: Testimony['kind']) => witnesses.filter(({ testimony }) => testimony.kind === kind)
  const [agree, disagree, silent] = [said('agrees'), said('disagrees'), said('silent')]
  if (agree.length > 0 && disagree.length > 0) return { status: 'depends', because: conditions(witnesses) }
  if (silent.length > 0) {
    const because = witnesses.length === silent.length ? summary(silent) : conditions(witnesses, '')
    return { status: 'inconclusive', because }
  }
  if (disagree.length > 0) return { status: 'refuted', because: summary(disagree) }
  return { status: 'confirmed', because: confirmation(agree) }
}

function confirmation(agree: readonly Witness[]): string {
  const facts = agree.flatMap(({ testimony }) => (testimony.kind === 'agrees' ? [testimony] : []))
  const lead = facts.find(({ fact }) => fact.includes(' until '))?.fact ?? facts[0]?.fact ?? ''
  const measured = facts.reduce((sum, fact) => sum + fact.measured, 0)
  if (measured === 1) return `${lead}, as the document says`
  const where = agree.length === 1 ? '' : ` in ${agree.length} scenarios`
  return `${lead}, and all ${measured} measurements${where} are as the document says`
}

/** One fact per distinct text, each with its condition where the scenarios vary one. */
function summary(witnesses: readonly Witness[]): string {
  const texts = new Set(witnesses.map(({ testimony }) => textOf(testimony)))
  return texts.size === 1 ? [...texts].join() : conditions(witnesses, '')
}

/** `depends on hairpin: with hairpin on, …; with hairpin off, …` */
function conditions(witnesses: readonly Witness[], lead: 'depends' | '' = 'depends'): string {
  const kernels = new Set(witnesses.map(({ scenario }) => scenario.machine.kernel))
  const groups = new Map<string, Testimony>()
  for (const { scenario, testimony } of witnesses) {
    const kernel = kernels.size > 1 ? [`kernel ${scenario.machine.kernel}`] : []
    const condition = [...(scenario.when === undefined ? [] : [scenario.when]), ...kernel].join(', ')
    const label = condition === '' ? `in “${scenario.scenario}”` : `with ${condition}`
    // One counterexample decides for its condition.
    if (groups.get(label)?.kind !== 'disagrees') groups.set(label, testimony)
  }
  const labels = [...groups.keys()]
  const subject = labels.every((label) => label.startsWith('with ')) ? commonWords(labels).slice('with '.length) : ''
  const intro = lead === '' ? '' : `${subject === '' ? lead : `${lead} on ${subject}`}: `
  return intro + [...groups].map(([label, testimony]) => `${label}, ${textOf(testimony)}`).join('; ')
}

/** The leading words that all labels share, leaving each at least one word of its own. */
function commonWords(labels: readonly string[]): string {
  const split = labels.map((label) => label.split(' '))
  const first = split[0] ?? []
  const shortest = Math.min(...split.map((words) => words.length)) - 1
  let count = 0
  while (count < shortest && split.every((words) => words[count] === first[count])) count += 1
  return labels.length > 1 ? first.slice(0, count).join(' ') : ''
}

function textOf(testimony: Testimony): string {
  switch (testimony.kind) {
    case 'agrees':
    case 'disagrees':
      return testimony.fact
    case 'silent':
      return testimony.why
  }
}

function testimonyOf(scenario: ScenarioResult): Testimony {
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
