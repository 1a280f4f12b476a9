import { createHash, randomUUID } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { Severity, Stage, Status } from 'allure-js-commons'
import type { Attachment, Label, TestResult } from 'allure-js-commons'
import type { ClaimResult, ScenarioResult } from '../model/results.ts'
import { allureSteps } from './allure-steps.ts'
import type { StepMaking } from './allure-steps.ts'
import { evidenceText } from './evidence-text.ts'
import { reproScript } from './repro-script.ts'
import { leftOutText, scenarioFailureText } from './scenario-failure.ts'
import { machineName } from './summary-text.ts'

/** What the parts of a scenario are made with. */
export interface AllureMaking extends StepMaking {
  /** Folder that the paths in `files` are relative to. */
  readonly filesFrom: string
}

/** What can be made of a scenario before the run has ended; its attachments are stored in the folder. */
export interface AllureParts {
  /** Milliseconds since the epoch when the scenario began. */
  readonly startedAt: number
  readonly steps: TestResult['steps']
  readonly attachments: readonly Attachment[]
}

/** Makes the large part of a scenario's result: drawings, matrices, commands, captures. */
export function allureParts(scenario: ScenarioResult, making: AllureMaking): AllureParts {
  return {
    startedAt: making.startedAt,
    steps: allureSteps(scenario, making),
    attachments: attachments(scenario, making),
  }
}

/** Label by which the report tells machines apart. */
export const machineLabel = 'machine'

/** A scenario as an Allure result. */
export function allureResult(
  scenario: ScenarioResult,
  { startedAt, steps, attachments }: AllureParts,
  claims: readonly ClaimResult[],
): TestResult {
  const claim = claims.find(({ id }) => id === scenario.claim)
  const fullName = `${scenario.suite}#${scenario.scenario}`
  const testCaseId = md5(fullName)
  return {
    uuid: randomUUID(),
    name: scenario.scenario,
    fullName,
    testCaseId,
    // Without the machine, the same scenario on two machines would be shown as a retry.
    historyId: `${testCaseId}.${md5(machineName(scenario.machine))}`,
    titlePath: scenario.suite.split('/'),
    status: allureStatus(scenario),
    statusDetails: statusDetails(scenario),
    stage: scenario.status === 'skipped' ? Stage.PENDING : Stage.FINISHED,
    start: Math.round(startedAt),
    stop: Math.round(startedAt + scenario.ms),
    description: description(scenario, claim),
    labels: labels(scenario, claim, claims),
    links: [],
    parameters: parameters(scenario),
    steps,
    attachments: [...attachments],
  }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** An expectation that is not met is a failure; anything else that went wrong is no statement about the network. */
function allureStatus({ status, failures, unmeasured }: ScenarioResult): Status {
  switch (status) {
    case 'met':
      return Status.PASSED
    case 'skipped':
      return Status.SKIPPED
    case 'not met': {
      const aboutTheNetwork = ['NETWRIGHT_EXPECTATION_NOT_MET', 'NETWRIGHT_REMEDY_NOT_NEEDED']
      const isFailed = failures.some(({ code }) => aboutTheNetwork.includes(code))
      return isFailed || (failures.length === 0 && unmeasured.length === 0) ? Status.FAILED : Status.BROKEN
    }
  }
}

function statusDetails(scenario: ScenarioResult): TestResult['statusDetails'] {
  switch (scenario.status) {
    case 'met': {
      const message = leftOutText(scenario)
      return message === undefined ? {} : { message, trace: scenario.leftOut?.cells.join('\n') ?? '' }
    }
    case 'skipped':
      return { message: scenario.skipReason ?? 'no reason given' }
    case 'not met':
      return { message: scenarioFailureText(scenario) }
  }
}

function description(scenario: ScenarioResult, claim: ClaimResult | undefined): string {
  const { topology, when, machine, movedBecause } = scenario
  const notMeasured = leftOutText(scenario)
  const lab = [`Topology *${topology}*`, ...(when === undefined ? [] : [`with *${when}*`])].join(' ')
  const why = movedBecause === undefined ? '' : ` Not on the machine itself: ${movedBecause}.`
  const gap = notMeasured === undefined ? '' : ` **${notMeasured}.**`
  const where = `${lab}, on ${machine.distro}, kernel ${machine.kernel} (${machine.arch}, ${machine.privilege}).${why}${gap}`
  if (claim === undefined) return where
  return [
    `**${claim.id}**, ${claim.documentTitle}: “${claim.says}”`,
    `**${claim.status}** in this run: ${claim.because}.`,
    where,
  ].join('\n\n')
}

function labels(scenario: ScenarioResult, claim: ClaimResult | undefined, claims: readonly ClaimResult[]): Label[] {
  const [folder = '', ...rest] = scenario.suite.split('/')
  const { machine } = scenario
  const feature = claim === undefined ? rest.join('/') : `${claim.id}: ${claim.says}`
  const label = (name: string, value: string): Label => ({ name, value })
  const reasons = scenario.steps.flatMap((step) =>
    step.kind === 'expect'
      ? step.cells.flatMap(({ observed }) => (observed.verdict === 'blocked' ? [observed.reason] : []))
      : [],
  )
  return [
    // Scenarios of a document that test none of its rows stand beside those that do.
    label('epic', (claim ?? claims.find(({ document }) => document === folder))?.documentTitle ?? folder),
    label('feature', feature === '' ? folder : feature),
    label('story', scenario.scenario),
    label('severity', severity(scenario, claim)),
    label('parentSuite', folder),
    label('suite', rest.join('/')),
    label(machineLabel, machineName(machine)),
    label('kernel', machine.kernel),
    label('distro', machine.distro),
    label('arch', machine.arch),
    label('framework', 'netwright'),
    label('language', 'typescript'),
    ...(claim === undefined ? [] : [label('tag', claim.status)]),
    ...(scenario.leftOut === undefined ? [] : [label('tag', 'not all measured')]),
    ...[...new Set(reasons)].map((reason) => label('tag', reason)),
  ]
}

/** Rows of a document are critical; what goes beyond the documents is not. */
function severity({ suite }: ScenarioResult, claim: ClaimResult | undefined): Severity {
  if (suite.startsWith('beyond')) return Severity.MINOR
  return claim === undefined ? Severity.NORMAL : Severity.CRITICAL
}

function parameters({ when, topology }: ScenarioResult): TestResult['parameters'] {
  return [...(when === undefined ? [] : [{ name: 'when', value: when }]), { name: 'topology', value: topology }]
}

function attachments(scenario: ScenarioResult, { folder, filesFrom }: AllureMaking): Attachment[] {
  const script =
    scenario.journal.length === 0
      ? []
      : [folder.attach('Reproduce: sudo bash repro.sh', 'script', reproScript(scenario))]
  const captures = scenario.files.map((file) =>
    folder.attachFile(basename(file), 'application/vnd.tcpdump.pcap', resolve(filesFrom, file)),
  )
  if (captures.length === 0) return script
  const cells = scenario.steps.flatMap((step) => (step.kind === 'expect' ? step.cells : []))
  return [
    ...script,
    ...captures,
    folder.attach('Captured frames, decoded', 'text', cells.map(evidenceText).join('\n\n')),
  ]
}
