import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
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
 * Makes the report of one or more folders of Allure results, offline, with the npm `allure` command. Machines become
 * the report's environments; the analytics script that Allure puts into its page is taken out.
 *
 * @param resultFolders - one per machine or shard, or all in one
 * @param dir - folder that gets the report: `index.html`, or the folder `allure` when it is not one file. It is made
 *   where it is missing; nothing else in it is touched.
 * @returns path of the `index.html`
 * @throws NETWRIGHT_TOOL_MISSING when the `allure` package is not installed or fails
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
    const config = join(work, 'allurerc.mjs')
    const made = join(work, 'report')
    const machines = await machinesOf(resultFolders)
    await writeFile(config, configText({ title, singleFile, output: made, machines }))
    await runAllure(['generate', '--config', config, ...resultFolders.map((folder) => resolve(folder))], work)
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

async function runAllure(args: readonly string[], cwd: string): Promise<void> {
  try {
    const cli = join(dirname(createRequire(import.meta.url).resolve('allure')), '..', 'cli.js')
    await promisify(execFile)(process.execPath, ['--max-semi-space-size=2', cli, ...args], {
      cwd,
      maxBuffer: 16 * 1024 * 1024,
    })
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { readonly stdout?: string; readonly stderr?: string }
    throw new NetwrightError('NETWRIGHT_TOOL_MISSING', 'The Allure report could not be made', {
      command: `allure ${args.join(' ')}`,
      stderr: `${stderr}${stdout}` || (cause instanceof Error ? cause.message : ''),
      next: 'Install the npm package `allure`, or leave the report out; the results themselves are written.',
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

interface ConfigFacts {
  readonly title: string
  readonly singleFile: boolean
  readonly output: string
  readonly machines: readonly string[]
}

/** Allure's configuration as a module: only code can say which results belong to an environment. */
function configText({ title, singleFile, output, machines }: ConfigFacts): string {
  const environments = machines.map((machine) => {
    const id = machine.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, 64)
    const name = machine.replaceAll(/[/\\]/g, ' ').slice(0, 64)
    const label = `name === ${JSON.stringify(machineLabel)} && value === ${JSON.stringify(machine)}`
    return `    ${JSON.stringify(id)}: { name: ${JSON.stringify(name)}, matcher: ({ labels }) => labels.some(({ name, value }) => ${label}) },`
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
  return [
    'export default {',
    `  name: ${JSON.stringify(title)},`,
    `  output: ${JSON.stringify(output)},`,
    `  plugins: { awesome: { options: ${JSON.stringify(options)} } },`,
    `  categories: { rules: ${JSON.stringify(categories)} },`,
    `  environments: {`,
    ...environments,
    '  },',
    '}',
    '',
  ].join('\n')
}

const categories = [
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

/** Takes the analytics out: a report does not call home. Fails where they are no longer where they were. */
async function finishPage(index: string): Promise<void> {
  const html = await readFile(index, 'utf8')
  const finished = html
    .replaceAll(/<script async src="https:\/\/www\.googletagmanager\.com\/[^"]*"><\/script>\s*/g, '')
    .replaceAll(/<script>\s*window\.dataLayer = [^<]*<\/script>\s*/g, '')
    .replace('</head>', `<style>${diskStyle}</style></head>`)
  if (
    /googletagmanager\.com|google-analytics\.com/.test(
      finished.slice(finished.indexOf('<body')).replaceAll(/data:[^"]*/g, ''),
    )
  ) {
    throw new Error(`${index} still holds analytics: this version of allure puts them elsewhere`)
  }
  await writeFile(index, finished)
}

/** From the disk Allure cannot measure an HTML attachment and would show three lines of it. */
const diskStyle = 'iframe[title="HTML attachment"]:not([height]){height:28rem;resize:vertical}'
