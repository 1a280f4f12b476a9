import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vmObstacle } from '../../harness/machines/vm/testing/vm-obstacle.ts'
import type { VmFigure } from './vm.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'harness/cli/main.ts')
/** Suites of other issues than the macvlan documents': an engine in each lab, switches and tunnels that are programs. */
const heavy = /docker|flannel|pod-plugs/
/** Milliseconds between two looks at the memory. */
const lookMs = 250
const kernels = ['5.10', '6.1', '6.12', '7.2'].map((name) => `vm:${name}`).join(',')

interface Whole {
  readonly seconds: number
  /** Most that all processes of the run had together, in MB, if it was looked at: pages that they share count once (PSS). */
  readonly megabytes: number
  readonly summary: string
}

/**
 * Measures a run of all macvlan suites on this kernel with its report, from the start of the process to its end, and, in
 * another run, because looking at it takes its time, the memory of all its processes.
 */
export async function measureWholeRun(add: (figure: VmFigure) => void): Promise<void> {
  const args = ['run', '--on', 'local', ...(await suites((name) => !heavy.test(name)))]
  const { seconds, summary } = await whole(args)
  const { megabytes } = await whole(args, { looks: true })
  add({ what: 'all suites on this kernel, with their report', measured: seconds, unit: 's', most: 15, note: summary })
  add({
    what: 'memory of that run, all processes',
    measured: megabytes,
    unit: 'MB',
    most: 300,
    note: 'PSS, the most seen',
  })
}

/**
 * Measures all ipvlan suites on one kernel.
 *
 * @returns why they could not be measured
 */
export async function measureIpvlanSuites(add: (figure: VmFigure) => void): Promise<string | undefined> {
  const reason = await vmObstacle('6.1')
  if (reason !== undefined) return reason
  const { seconds, summary } = await whole(['run', '--on', 'vm:6.1', ...(await ipvlanSuites())])
  add({
    what: 'vm:6.1: all ipvlan suites, boot and report included',
    measured: seconds,
    unit: 's',
    most: 60,
    note: summary,
  })
  return undefined
}

/** Measures the support table of the ipvlan documents on four kernels. */
export async function measureMatrix(add: (figure: VmFigure) => void): Promise<string | undefined> {
  const reason = await vmObstacle('6.1')
  if (reason !== undefined) return reason
  const { seconds, summary } = await whole(['matrix', '--on', kernels, ...(await ipvlanSuites())])
  add({ what: 'four kernels: the table of the ipvlan suites', measured: seconds, unit: 's', most: 240, note: summary })
  return undefined
}

/** Suite files whose path says so. */
async function suites(wanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(join(root, 'suites'), { recursive: true })
  return names.filter((name) => name.endsWith('.suite.ts') && wanted(name)).map((name) => join(root, 'suites', name))
}

const ipvlanSuites = (): Promise<string[]> => suites((name) => name.includes('ipvlan') && !heavy.test(name))

async function whole(args: readonly string[], { looks = false } = {}): Promise<Whole> {
  const report = await mkdtemp(join(tmpdir(), 'netwright-bench-'))
  try {
    const startedAt = performance.now()
    const child = spawn(process.execPath, [main, ...args, '--report', report], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    let megabytes = 0
    let look = Promise.resolve()
    const timer = setInterval(() => {
      if (!looks) return
      look = look.then(async () => {
        megabytes = Math.max(megabytes, await memoryBelow(child.pid ?? 0))
      })
    }, lookMs)
    const code = await new Promise((resolve) => child.once('close', resolve))
    const seconds = (performance.now() - startedAt) / 1000
    clearInterval(timer)
    await look
    if (code !== 0) throw new Error(`netwright ${args.join(' ')} ended with ${String(code)}:\n${said}`)
    return { seconds, megabytes, summary: /^\d+ met.*skipped/m.exec(said)?.[0] ?? '' }
  } finally {
    await rm(report, { recursive: true, force: true })
  }
}

/** Megabytes of a process and all below it. */
async function memoryBelow(pid: number): Promise<number> {
  const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '')
  const rollup = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8').catch(() => '')
  const own = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1024
  const below = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => memoryBelow(Number(child))),
  )
  return below.reduce((sum, part) => sum + part, own)
}
