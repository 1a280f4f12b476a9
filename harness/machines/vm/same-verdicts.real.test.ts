import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { resultsSchema, type Results } from '../../report/json-schema.ts'
import { kernelCatalogue } from './catalogue.ts'
import { provideKernel, storedKernel } from './kernel-store.ts'
import { findKernel } from './catalogue.ts'
import { findQemu } from './find-qemu.ts'

const root = join(import.meta.dirname, '..', '..', '..')
/** An until with its undo, reached and blocked cells, both ways. */
const suites = ['macvlan-in-action/host-access', 'macvlan-in-action/children']

/** The cached kernel nearest to the one here, else one that can be fetched; or why there is none. */
async function likeKernel(): Promise<{ readonly kernel: string } | { readonly reason: string }> {
  try {
    await findQemu()
    const here = versionOf((await promisify(execFile)('uname', ['-r'])).stdout)
    const names = (await kernelCatalogue()).filter(({ flavour }) => flavour === 'cloud').map(({ name }) => name)
    const cached = await Promise.all(names.map(async (name) => ((await storedKernel(name)) ? [name] : [])))
    const [nearest] = cached.flat().sort((a, b) => Math.abs(versionOf(a) - here) - Math.abs(versionOf(b) - here))
    if (nearest === undefined) await provideKernel(await findKernel('6.1'), () => undefined)
    return { kernel: nearest ?? '6.1' }
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error) }
  }
}

/** 6.12 is 6012. */
function versionOf(name: string): number {
  const [major = 0, minor = 0] = name.split('.').map((part) => Number.parseInt(part, 10))
  return major * 1000 + minor
}

async function resultsOn(machine: string): Promise<Results> {
  const args = [join(root, 'bin', 'netwright.js'), 'run', ...suites, '--on', machine, '--json', '-']
  const options = {
    cwd: root,
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, NODE_OPTIONS: '', VITEST: undefined },
  }
  const { stdout } = await promisify(execFile)(process.execPath, args, options)
  return resultsSchema.parse(JSON.parse(stdout))
}

/** What was found out, without when and where. */
const verdicts = ({ rows }: Results): string[] =>
  rows
    .map(({ suite, scenario, step, from, to, family, proto, observed: { verdict, reason, at } }) =>
      [suite, scenario, step, `${from} → ${to}`, family, proto, verdict, reason ?? '', at ?? ''].join(' | '),
    )
    .sort()

const statuses = ({ claims }: Results) => claims.map(({ id, status }) => `${id} ${status}`).sort()

const found = await likeKernel()
test(
  'the same suite files give the same verdicts here and in a VM of a like kernel',
  { timeout: 300_000 },
  async (context) => {
    if ('reason' in found) {
      context.skip(found.reason)
      return
    }
    const here = await resultsOn('local')
    const there = await resultsOn(`vm:${found.kernel}`)
    expect(new Set(there.scenarios.map(({ machine }) => machine.kind))).toEqual(new Set(['vm']))
    expect(there.scenarios.every(({ status }) => status === 'met')).toBe(true)
    expect(verdicts(here).length).toBeGreaterThan(20)
    expect(verdicts(there)).toEqual(verdicts(here))
    expect(statuses(there)).toEqual(statuses(here))
  },
)
