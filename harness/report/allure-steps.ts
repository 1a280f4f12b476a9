import { Stage, Status } from 'allure-js-commons'
import type { Attachment, StepResult as AllureStep } from 'allure-js-commons'
import type { JournalEntry, ScenarioResult, StepResult } from '../model/results.ts'
import type { AllureFolder } from './allure-folder.ts'
import { fullVerdictText } from './evidence-text.ts'
import { failureText } from './failure-text.ts'
import { graphDiff, graphDiffText } from './graph-diff.ts'
import type { GraphDrawer } from './graph-svg.ts'
import { exitText, journalText, outputText } from './journal-text.ts'
import { matrixHtml } from './matrix-html.ts'

/** What the steps of one scenario are made with. */
export interface StepMaking {
  readonly folder: AllureFolder
  readonly drawer: GraphDrawer
  /** Milliseconds since the epoch when the scenario began. */
  readonly startedAt: number
}

/** The steps of a scenario, one under the other in time, with the drawings of the graphs where they became true. */
export function allureSteps(scenario: ScenarioResult, making: StepMaking): AllureStep[] {
  let start = making.startedAt
  let drawn = -1
  return scenario.steps.map((step, index) => {
    const graphs: Attachment[] = []
    const needed = graphNeeded(scenario, index)
    if (needed > drawn) {
      graphs.push(...graphAttachments(scenario, needed, making))
      drawn = needed
    }
    const end = start + step.ms
    const made = executable(nameOf(step), statusOf(step), start, end)
    // The matrices of an expectation stand at the top of the page, as the error of the scenario.
    if (step.kind === 'finding' && !step.met) made.statusDetails = { message: failureText(step) }
    made.attachments.push(...attachmentsOf(step, making), ...graphs)
    made.steps.push(...cellSteps(step, start, end), ...commandSteps(step, making))
    start = end
    return made
  })
}

/** The graph that a step shows: that of its expectation; the first one for a build that no expectation follows. */
function graphNeeded({ steps, graphs }: ScenarioResult, index: number): number {
  const step = steps[index]
  if (step?.kind === 'expect') return Math.min(step.graph, graphs.length - 1)
  const isLast = steps.slice(index + 1).every(({ kind }) => kind !== 'expect')
  return isLast ? graphs.length - 1 : -1
}

function graphAttachments({ graphs }: ScenarioResult, index: number, making: StepMaking): Attachment[] {
  const [shown, before] = [graphs[index], graphs[index - 1]]
  if (shown === undefined) return []
  const svg = making.drawer.draw(shown.graph, before?.graph)
  const drawing = making.folder.attach(`Lab: ${shown.label}`, 'svg', svg)
  if (before === undefined) return [drawing]
  const changes = graphDiffText(graphDiff(before.graph, shown.graph))
  return [drawing, making.folder.attach(`What changed since “${before.label}”`, 'text', changes)]
}

function nameOf(step: StepResult): string {
  switch (step.kind) {
    case 'build':
      return `Build “${step.title}”`
    case 'expect': {
      const met = step.cells.filter((cell) => cell.met).length
      const name = step.title === 'expect' ? 'Expect' : `Expect “${step.title}”`
      return `${name}: ${met} of ${step.cells.length} ${step.cells.length === 1 ? 'cell' : 'cells'} as expected`
    }
    case 'remedy':
      return step.title.startsWith('until ') ? `Until “${step.title.slice(6)}”` : `Given “${step.title}”`
    case 'undo':
      return `Undo “${step.title.replace(/^undo: /, '')}”`
    case 'finding': {
      const { title, measured } = step
      const word = measured === 'inconclusive' ? 'could not be checked' : measured ? 'holds' : 'does not hold'
      return `Check “${title}”: ${word}`
    }
  }
}

function isMet(step: Extract<StepResult, { kind: 'expect' | 'finding' }>): boolean {
  return step.kind === 'finding' ? step.met : step.cells.every(({ met }) => met)
}

function statusOf(step: StepResult): Status {
  switch (step.kind) {
    case 'expect':
    case 'finding':
      return isMet(step) ? Status.PASSED : Status.FAILED
    case 'build':
    case 'remedy':
    case 'undo':
      return Status.PASSED
  }
}

function attachmentsOf(step: StepResult, { folder }: StepMaking): Attachment[] {
  switch (step.kind) {
    case 'expect':
      return [folder.attach(`Matrix and evidence: ${step.title}`, 'html', matrixHtml(step))]
    case 'finding':
      return [folder.attach('What the kernel said', 'text', step.found)]
    case 'build':
    case 'remedy':
    case 'undo':
      return []
  }
}

/** A sub-step per typed command, with its output; the harness's own commands are one sub-step together. */
function commandSteps(step: StepResult, making: StepMaking): AllureStep[] {
  const by = (...who: readonly JournalEntry['by'][]) => step.journal.filter((entry) => who.includes(entry.by))
  return [
    ...together('Lay the underlay', by('underlay'), making),
    ...by('script', 'remedy', 'undo', 'check').map((entry) => commandStep(entry, making)),
    ...together('Probe and look up', by('probe'), making),
  ]
}

function together(name: string, entries: readonly JournalEntry[], { folder, startedAt }: StepMaking): AllureStep[] {
  if (entries.length === 0) return []
  const start = startedAt + Math.min(...entries.map(({ startMs }) => startMs))
  const end = startedAt + Math.max(...entries.map(({ startMs, ms }) => startMs + ms))
  const count = entries.length === 1 ? '1 command' : `${entries.length} commands`
  const made = executable(`${name}: ${count}`, Status.PASSED, start, end)
  made.attachments.push(folder.attach('Commands', 'text', journalText(entries)))
  return [made]
}

function commandStep(entry: JournalEntry, { folder, startedAt }: StepMaking): AllureStep {
  const start = startedAt + entry.startMs
  const exit = exitText(entry)
  const name = `${entry.host}# ${entry.command}${exit === '' ? '' : ` (${exit})`}`
  const made = executable(name, Status.PASSED, start, start + entry.ms)
  const output = outputText(entry)
  if (output !== '') made.attachments.push(folder.attach('Output', 'text', output))
  return made
}

/** The wrong cells, so that they can be seen without opening the matrix. */
function cellSteps(step: StepResult, start: number, end: number): AllureStep[] {
  if (step.kind !== 'expect') return []
  return step.cells
    .filter(({ met }) => !met)
    .map((cell) => {
      const name = `${cell.from} → ${cell.to}: ${fullVerdictText(cell.observed)}`
      const made = executable(name, Status.FAILED, start, end)
      made.statusDetails = { message: [`expected ${fullVerdictText(cell.expected)}`, ...cell.story].join('\n') }
      return made
    })
}

function executable(name: string, status: Status, start: number, stop: number): AllureStep {
  return {
    ...{ name, status, stage: Stage.FINISHED, start: Math.round(start), stop: Math.round(stop) },
    ...{ statusDetails: {}, steps: [], attachments: [], parameters: [] },
  }
}
