import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { judgeClaims } from '../model/claims.ts'
import { NetwrightError } from '../model/errors.ts'
import type { RunResult, ScenarioResult } from '../model/results.ts'
import { usage } from './arguments.ts'
import { isSet, valueOf, type Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { version } from './package-place.ts'
import { makeHtml, reportFolder, type ReportFolder } from './report-folder.ts'
import { serveFolder } from './serve-folder.ts'

/** `netwright report [DIR]` */
export const reportCommand: Command = {
  description: 'Makes the report of an earlier run again and shows it in a browser, also of a run that was interrupted',
  args: {
    dir: {
      type: 'positional',
      required: false,
      description: 'Folder that `run --report` wrote; netwright-report unless told',
    },
    open: {
      type: 'boolean',
      default: true,
      negativeDescription: 'Only make it and print its path',
      description: 'Serve it on the loopback address and open a browser',
    },
    port: { type: 'string', valueHint: 'PORT', description: 'Port to serve at; a free one unless told' },
  },
  examples: [
    ['netwright report', 'the report in netwright-report'],
    ['netwright report ./nightly --no-open', 'make the page, print its path'],
  ],
  run: async ({ args, terminal: { print, note } }) => {
    const [dir = 'netwright-report'] = args.positionals
    const port = portOf(valueOf(args, 'port'))
    const folder = reportFolder(dir)
    const page = await makeHtml(await readRun(folder), folder)
    print(`Report: ${page}`)
    // Without a terminal nobody could end the server.
    const serves = args.all('no-open').length === 0 && (process.stdout.isTTY || isSet(args, 'port'))
    if (!serves) return exitCodes.ok
    const server = await serveFolder(dirname(page), port)
    note(`Served at ${server.url} until Ctrl-C`)
    openBrowser(server.url)
    await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()))
    await server.close()
    return exitCodes.ok
  },
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 0)
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port
  throw usage('report', `${JSON.stringify(text)} is not a port`, 'Ports are 1 to 65535.')
}

/** The run of a folder: the whole of it, or what the log of an interrupted one holds. */
async function readRun(folder: ReportFolder): Promise<RunResult> {
  if (existsSync(folder.run)) return JSON.parse(await readFile(folder.run, 'utf8')) as RunResult
  if (!existsSync(folder.events)) {
    throw new NetwrightError('NETWRIGHT_USAGE', `${folder.path} holds no run`, {
      place: 'netwright report',
      next: `Run \`netwright run --report ${folder.path}\` first.`,
    })
  }
  // The last line of a run that was killed may be cut off.
  const lines = (await readFile(folder.events, 'utf8')).split('\n').filter((line) => line.endsWith('}'))
  const events = lines.map((line) => JSON.parse(line) as { at: string; event: string; result?: ScenarioResult })
  const scenarios = events.flatMap(({ result }) => result ?? [])
  const [first, last] = [events[0]?.at, events.at(-1)?.at]
  return {
    schemaVersion: 1,
    netwright: version,
    startedAt: first ?? new Date(0).toISOString(),
    ms: first === undefined || last === undefined ? 0 : Date.parse(last) - Date.parse(first),
    scenarios,
    claims: judgeClaims([], scenarios),
  }
}

function openBrowser(url: string): void {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref()
}
