import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import { openAllureFolder } from './allure-folder.ts'
import type { AllureFolder } from './allure-folder.ts'
import { allureResult } from './allure-scenario.ts'
import type { AllureMaking } from './allure-scenario.ts'
import { claimsHtml } from './claims-html.ts'
import { createGraphDrawer } from './graph-svg.ts'
import { machineName, summaryText } from './summary-text.ts'

/**
 * Writes a run as Allure results: one result per scenario, the claims and the summary as attachments of the whole run.
 *
 * @param path - folder of the results; made where it is missing
 * @param filesFrom - folder that the scenarios' `files` are relative to
 */
export async function writeAllureResults(run: RunResult, path: string, filesFrom = path): Promise<void> {
  const folder = openAllureFolder(path)
  let next = Date.parse(run.startedAt)
  const scenarios = run.scenarios.map((result) => {
    const startedAt = result.startedAt === undefined ? next : Date.parse(result.startedAt)
    next = startedAt + result.ms
    return { result, startedAt }
  })
  await writeScenarios(scenarios, { folder, claims: run.claims, filesFrom })
  writeRunFiles(folder, run)
}

/** Writes scenarios, each with the milliseconds since the epoch when it began. */
export async function writeScenarios(
  scenarios: readonly { readonly result: ScenarioResult; readonly startedAt: number }[],
  making: Pick<AllureMaking, 'folder' | 'claims' | 'filesFrom'>,
): Promise<void> {
  if (scenarios.length === 0) return
  const drawer = await createGraphDrawer()
  for (const { result, startedAt } of scenarios) {
    making.folder.writeResult(allureResult(result, { ...making, drawer, startedAt }))
  }
}

/** What is about the run as a whole: claims, summary, who ran it and where. */
function writeRunFiles(folder: AllureFolder, run: RunResult): void {
  const timestamp = Date.parse(run.startedAt) + Math.round(run.ms)
  const attachments = [
    ...(run.claims.length === 0 ? [] : [folder.attach('Claims', 'html', claimsHtml(run.claims))]),
    folder.attach('Summary', 'text', summaryText(run, { width: 100 })),
  ]
  const globals = { attachments: attachments.map((attachment) => ({ ...attachment, timestamp })), errors: [] }
  folder.writeFile(`${randomUUID()}-globals.json`, JSON.stringify(globals))
  const all = (pick: (machine: RunResult['scenarios'][number]['machine']) => string) =>
    [...new Set(run.scenarios.map(({ machine }) => pick(machine)))].join(', ')
  const environment = {
    netwright: run.netwright,
    node: process.version,
    machine: all(machineName),
    distribution: all(({ distro }) => distro),
    architecture: all(({ arch }) => arch),
    privilege: all(({ privilege }) => privilege),
  }
  folder.writeFile('environment.properties', propertiesText(environment))
  const executor = { name: `netwright ${run.netwright}`, type: 'netwright', buildName: run.startedAt }
  folder.writeFile('executor.json', JSON.stringify(executor))
}

/** Java's properties format: ASCII, with everything else escaped. */
function propertiesText(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(([name, value]) => {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
    return `${name} = ${escaped.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}`
  })
  return `${lines.join('\n')}\n`
}

/** Where a report folder keeps its Allure results. */
export const allureResultsIn = (dir: string) => join(dir, 'allure-results')
