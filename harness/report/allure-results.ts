import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ClaimResult, RunResult, ScenarioResult } from '../model/results.ts'
import { openAllureFolder } from './allure-folder.ts'
import type { AllureFolder } from './allure-folder.ts'
import { allureParts, allureResult } from './allure-scenario.ts'
import type { AllureMaking, AllureParts } from './allure-scenario.ts'
import { claimsHtml } from './claims-html.ts'
import { createGraphDrawer } from './graph-svg.ts'
import type { GraphDrawer } from './graph-svg.ts'
import { machineName, summaryText } from './summary-text.ts'

/** Writes Allure results while a run goes on, so that little is left to do at its end. */
export interface AllureWriter {
  /** Makes the drawings and tables of a scenario that has ended, and stores them. What goes wrong is told at the end. */
  add(result: ScenarioResult): void
  /** Attaches a page to the run as a whole. */
  attach(title: string, html: string): void
  /** Writes the results of the run, also of scenarios that were not added, with the claims as they stand now. */
  finish(run: RunResult): Promise<void>
}

/**
 * Opens a folder for the results of a run.
 *
 * @param path - folder of the results; made where it is missing
 * @param filesFrom - folder that the scenarios' `files` are relative to
 */
export function openAllureWriter(path: string, filesFrom = path): AllureWriter {
  const folder = openAllureFolder(path)
  // A result may be completed after it was added (why it ran elsewhere); its steps stay the same object.
  const made = new Map<ScenarioResult['steps'], AllureParts>()
  let drawer: GraphDrawer | undefined
  async function make(result: ScenarioResult, startedAt: number): Promise<AllureParts> {
    drawer ??= await createGraphDrawer()
    return allureParts(result, { folder, drawer, filesFrom, startedAt })
  }
  let last: Promise<unknown> = Promise.resolve()
  const pages: { readonly title: string; readonly html: string }[] = []
  return {
    add({ startedAt, ...result }) {
      if (startedAt === undefined || result.steps.length === 0) return
      last = last.then(async () => made.set(result.steps, await make(result, Date.parse(startedAt))))
      // Told by `finish`.
      last.catch(() => undefined)
    },
    attach(title, html) {
      pages.push({ title, html })
    },
    async finish(run) {
      await last
      let next = Date.parse(run.startedAt)
      for (const result of run.scenarios) {
        const startedAt = result.startedAt === undefined ? next : Date.parse(result.startedAt)
        next = startedAt + result.ms
        const parts = made.get(result.steps) ?? (await make(result, startedAt))
        folder.writeResult(allureResult(result, parts, run.claims))
      }
      writeRunFiles(folder, run, pages)
      // Making the page takes memory of its own.
      made.clear()
      drawer = undefined
    },
  }
}

/**
 * Writes a run as Allure results: one result per scenario, the claims and the summary as attachments of the whole run.
 *
 * @param path - folder of the results; made where it is missing
 * @param filesFrom - folder that the scenarios' `files` are relative to
 */
export async function writeAllureResults(run: RunResult, path: string, filesFrom = path): Promise<void> {
  await openAllureWriter(path, filesFrom).finish(run)
}

/** Writes scenarios, each with the milliseconds since the epoch when it began. */
export async function writeScenarios(
  scenarios: readonly { readonly result: ScenarioResult; readonly startedAt: number }[],
  { claims, ...making }: Pick<AllureMaking, 'folder' | 'filesFrom'> & { readonly claims: readonly ClaimResult[] },
): Promise<void> {
  if (scenarios.length === 0) return
  const drawer = await createGraphDrawer()
  for (const { result, startedAt } of scenarios) {
    making.folder.writeResult(allureResult(result, allureParts(result, { ...making, drawer, startedAt }), claims))
  }
}

/** What is about the run as a whole: claims, summary, who ran it and where, and where it could not run. */
function writeRunFiles(
  folder: AllureFolder,
  run: RunResult,
  pages: readonly { readonly title: string; readonly html: string }[],
): void {
  const timestamp = Date.parse(run.startedAt) + Math.round(run.ms)
  const attachments = [
    ...pages.map(({ title, html }) => folder.attach(title, 'html', html)),
    ...(run.claims.length === 0 ? [] : [folder.attach('Claims', 'html', claimsHtml(run.claims))]),
    folder.attach('Summary', 'text', summaryText(run, { width: 100 })),
  ]
  const errors = (run.notRun ?? []).map(({ machine, because }) => ({
    message: `${machine} cannot run: ${because}`,
    timestamp,
  }))
  const globals = { attachments: attachments.map((attachment) => ({ ...attachment, timestamp })), errors }
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
