import { stripVTControlCharacters } from 'node:util'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import { failureHeadlines, leftOutText, scenarioFailureText } from './scenario-failure.ts'
import { machineName, totalsOf } from './summary-text.ts'

type Attributes = Readonly<Record<string, string | number>>

/**
 * The run as JUnit XML: a `testsuite` per suite and machine, a `testcase` per scenario, the claim and the machine as
 * properties, skips with their reason, failures with their whole text.
 */
export function junitXml(run: RunResult): string {
  const groups = Map.groupBy(run.scenarios, ({ suite, machine }) => `${suite} (${machineName(machine)})`)
  const attributes = { name: 'netwright', ...counts(run.scenarios), time: seconds(run.ms), timestamp: run.startedAt }
  const suites = [...groups].map(([, scenarios]) => suiteElement(scenarios, run.startedAt))
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', attributes, suites)}\n`
}

function suiteElement(scenarios: readonly ScenarioResult[], timestamp: string): string {
  const [first] = scenarios
  if (first === undefined) return ''
  const { suite, machine } = first
  const ms = scenarios.reduce((sum, scenario) => sum + scenario.ms, 0)
  const properties = (['kind', 'kernel', 'distro', 'arch', 'privilege'] as const).map((name) => ({
    name,
    value: machine[name],
  }))
  return element(
    'testsuite',
    { name: suite, ...counts(scenarios), time: seconds(ms), timestamp, hostname: machineName(machine) },
    [propertiesElement(properties), ...scenarios.map(caseElement)],
  )
}

function caseElement(scenario: ScenarioResult): string {
  const { suite, claim, when, topology, status, failures, movedBecause } = scenario
  const notMeasured = leftOutText(scenario)
  const properties = [
    ...(claim === undefined ? [] : [{ name: 'claim', value: claim }]),
    ...(when === undefined ? [] : [{ name: 'when', value: when }]),
    { name: 'topology', value: topology },
    ...(notMeasured === undefined ? [] : [{ name: 'left out', value: notMeasured }]),
    ...(movedBecause === undefined ? [] : [{ name: 'not on the machine itself', value: movedBecause }]),
  ]
  const outcome = (): string[] => {
    switch (status) {
      case 'met':
        return []
      case 'skipped':
        return [element('skipped', { message: scenario.skipReason ?? 'no reason given' }, [])]
      case 'not met': {
        const type = failures[0]?.code ?? 'NETWRIGHT_EXPECTATION_NOT_MEASURED'
        const message = failureHeadlines(scenario).join('; ')
        return [element('failure', { type, message }, [escapeXml(scenarioFailureText(scenario))])]
      }
    }
  }
  const attributes = { classname: suite.replaceAll('/', '.'), name: scenario.scenario, time: seconds(scenario.ms) }
  return element('testcase', attributes, [propertiesElement(properties), ...outcome()])
}

function propertiesElement(properties: readonly { name: string; value: string }[]): string {
  return element(
    'properties',
    {},
    properties.map((property) => element('property', property, [])),
  )
}

function counts(scenarios: readonly ScenarioResult[]): Attributes {
  const { notMet, skipped } = totalsOf(scenarios)
  return { tests: scenarios.length, failures: notMet, errors: 0, skipped }
}

const seconds = (ms: number) => (ms / 1000).toFixed(3)

function element(name: string, attributes: Attributes, children: readonly string[]): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
  const start = `<${name}${list.join('')}`
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`
}

/**
 * Text that XML 1.0 accepts. Colours are taken away; the other control characters, lone surrogates and noncharacters,
 * which no XML parser takes in any form, are spelt out as `\u001b`.
 */
function escapeXml(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\p{Surrogate}/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
}

/** Line breaks and tabs in an attribute would be read as spaces. */
const escapeAttribute = (text: string) => escapeXml(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
