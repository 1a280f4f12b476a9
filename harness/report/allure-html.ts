import { mkdir, mkdtemp, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { resolveConfig } from '@allurereport/core'
import { NetwrightError } from '../model/errors.ts'
import { machineLabel } from './allure-scenario.ts'

/** How the Allure report looks. */
export interface AllureHtmlOptions {
  readonly title?: string
  /**
   * `true` (unless told): one `index.html` that opens from the disk and can be mailed. `false`: a folder of small
   * files, for thousands of scenarios, which has to be served by HTTP.
   */
  readonly singleFile?: boolean
}

/**
 * Makes the report of one or more folders of Allure results, offline, with the packages of Allure 3. Machines become
 * the report's environments; the analytics script that Allure puts into its page is taken out.
 *
 * @param resultFolders - one per machine or shard, or all in one
 * @param dir - folder that gets the report: `index.html`, or the folder `allure` when it is not one file. It is made
 *   where it is missing; nothing else in it is touched.
 * @returns path of the `index.html`
 * @throws NETWRIGHT_TOOL_MISSING when the package `@allurereport/core` is not installed or fails
 */
export async function generateAllureHtml(
  resultFolders: readonly string[],
  dir: string,
  { title = 'Netwright', singleFile = true }: AllureHtmlOptions = {},
): Promise<string> {
  // In the folder itself, so that the finished report is moved into place in one go.
  await mkdir(dir, { recursive: true })
  const work = await mkdtemp(join(resolve(dir), '.allure-'))
  try {
    const made = join(work, 'report')
    const machines = await machinesOf(resultFolders)
    await runAllure(configFor({ title, singleFile, output: made, machines }), resultFolders, work)
    await finishPage(join(made, 'index.html'))
    if (singleFile) {
      await rename(join(made, 'index.html'), join(dir, 'index.html'))
      return join(dir, 'index.html')
    }
    await rm(join(dir, 'allure'), { recursive: true, force: true })
    await rename(made, join(dir, 'allure'))
    return join(dir, 'allure', 'index.html')
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function runAllure(config: Config, folders: readonly string[], cwd: string): Promise<void> {
  try {
    const { AllureReport, resolveConfig } = await import('@allurereport/core')
    const { resultFilesIn } = await import('./allure-files.ts')
    const report = new AllureReport(await resolveConfig(config, { cwd }))
    await report.start()
    for (const file of folders.flatMap((folder) => resultFilesIn(resolve(folder)))) await report.readResult(file)
    await report.done()
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', 'The Allure report could not be made', {
      stderr: cause instanceof Error ? cause.message : String(cause),
      next: 'Install the npm package `@allurereport/core`, or leave the report out; the results themselves are written.',
      cause,
    })
  }
}

/** The machines that the results are labelled with. */
async function machinesOf(folders: readonly string[]): Promise<string[]> {
  const machines = new Set<string>()
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('-result.json'))
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    for (const text of texts) {
      const { labels = [] } = JSON.parse(text) as { readonly labels?: readonly { name: string; value: string }[] }
      for (const { name, value } of labels) if (name === machineLabel) machines.add(value)
    }
  }
  return [...machines].sort()
}

type Config = Parameters<typeof resolveConfig>[0]
type EnvironmentItem = Parameters<NonNullable<Config['environments']>[string]['matcher']>[0]

interface ConfigFacts {
  readonly title: string
  readonly singleFile: boolean
  readonly output: string
  readonly machines: readonly string[]
}

function configFor({ title, singleFile, output, machines }: ConfigFacts): Config {
  const environments = machines.map((machine, i) => {
    // Allure takes 64 characters; two names may begin with the same ones.
    const id = `${i + 1}-${machine.replaceAll(/[^A-Za-z0-9_-]+/g, '-')}`.slice(0, 64)
    const name = machine.replaceAll(/[/\\]/g, ' ').slice(0, 64)
    const isOf = (label: { readonly name: string; readonly value?: string }) =>
      label.name === machineLabel && label.value === machine
    return [id, { name, matcher: ({ labels }: EnvironmentItem) => labels.some(isOf) }] as const
  })
  const options = {
    reportName: title,
    singleFile,
    logo,
    theme: 'auto',
    reportLanguage: 'en',
    groupBy: ['epic', 'feature'],
    charts,
  }
  return {
    name: title,
    output,
    plugins: { awesome: { options } },
    categories: { rules: categories },
    environments: Object.fromEntries(environments),
  }
}

const categories: NonNullable<Extract<Config['categories'], { rules?: unknown }>>['rules'] = [
  { name: 'Not as expected', matchers: { statuses: ['failed'] } },
  { name: 'Could not be measured', matchers: { statuses: ['broken'] } },
  { name: 'This machine cannot run it', matchers: { statuses: ['skipped'] }, groupByMessage: true },
]

/** Those of Allure's charts that say something about a single run. */
const charts = [
  { type: 'currentStatus', title: 'Scenarios' },
  { type: 'testResultSeverities', title: 'By severity: claims are critical' },
  { type: 'durations', title: 'Seconds per scenario', groupBy: 'none' },
]

/** Two namespaces on one parent. */
const logo = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#2f81f7" stroke-width="2.4">' +
    '<rect x="3" y="4" width="10" height="8" rx="2"/><rect x="19" y="4" width="10" height="8" rx="2"/>' +
    '<rect x="9" y="21" width="14" height="8" rx="2" fill="#2f81f7"/><path d="M8 12v3h16v-3M16 15v6"/></svg>',
).toString('base64')}`

/**
 * Takes the analytics out: a report does not call home. Fails where they are no longer where they were. A page may be
 * tens of megabytes long, nearly all of it attachments: it is cut as bytes, never decoded.
 */
async function finishPage(index: string): Promise<void> {
  const page = await readFile(index)
  const parts = [page.subarray(0, indexIn(page, '</head>')), Buffer.from(`<style>${diskStyle}</style>`)]
  let rest = page.subarray(indexIn(page, '</head>'))
  for (const opening of ['<script async src="https://www.googletagmanager.com/', 'window.dataLayer = ']) {
    const found = rest.indexOf(opening)
    if (found < 0) continue
    parts.push(rest.subarray(0, rest.lastIndexOf('<script', found)))
    rest = rest.subarray(indexIn(rest, '</script>', found) + '</script>'.length)
  }
  parts.push(rest)
  const body = parts.slice(1)
  if (['googletagmanager.com', 'google-analytics.com'].some((host) => body.some((part) => part.includes(host)))) {
    throw new Error(`${index} still holds analytics: this version of allure puts them elsewhere`)
  }
  const file = await open(`${index}.finished`, 'w')
  await file.writev(parts)
  await file.close()
  await rename(`${index}.finished`, index)
}

function indexIn(page: Buffer, text: string, from = 0): number {
  const found = page.indexOf(text, from)
  if (found < 0) throw new Error(`The report's page holds no ${text}: this version of allure makes another one`)
  return found
}

/** From the disk Allure cannot measure an HTML attachment and would show three lines of it. */
const diskStyle = 'iframe[title="HTML attachment"]:not([height]){height:28rem;resize:vertical}'
