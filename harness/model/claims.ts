import type { Claim, ClaimResult, ClaimStatus, ScenarioResult } from './results.ts'
import { testimonyOf } from './testimony.ts'
import type { Testimony } from './testimony.ts'

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
  const judged = judgeWitnesses(witnesses)
  const gaps = [
    ...(skipped.length === 0 ? [] : [`${skipped.length} of ${linked.length} skipped: ${reasons}`]),
    ...leftOutOf(ran),
  ]
  return gaps.length === 0 ? judged : { ...judged, because: `${judged.because} (${gaps.join('; ')})` }
}

/** What machines could not carry of what ran there: it has witnessed nothing. */
function leftOutOf(ran: readonly ScenarioResult[]): string[] {
  const gaps = ran.flatMap(({ leftOut }) => leftOut ?? [])
  const cells = gaps.reduce((sum, gap) => sum + gap.cells.length, 0)
  const reasons = [...new Set(gaps.map(({ reason }) => reason))].join('; ')
  return cells === 0 ? [] : [`${cells} ${cells === 1 ? 'cell' : 'cells'} not measured: ${reasons}`]
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
