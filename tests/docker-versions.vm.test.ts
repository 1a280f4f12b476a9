import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { absenceOf } from '../harness/machines/testing/absence.ts'
import { resultsSchema, type Results } from '../harness/report/json-schema.ts'
import { provideEnginePrograms, type EngineRelease } from '../scripts/engine/engine-programs.ts'

/*
 * Docker's refusals and isolation by version: the suites state them of each engine, and here they meet older ones. Of each
 * only the programs are unpacked; a lab starts them in a namespace of its own.
 */

const root = join(import.meta.dirname, '..')
const isAskedFor = process.env['NETWRIGHT_CHAOS_ROUNDS'] !== undefined

/** What may be skipped with an older engine, here where the kernel may lack a driver. */
const excuses = /^kernel has no (ipvlan|dummy|macvlan|vxlan): |^Docker Engine 2[68] or later is needed, and this is /

test.for([
  { release: 'bookworm', version: '20.10', skipped: { 'docker:26': 2, 'docker:28': 2 } },
  { release: 'trixie', version: '26.1', skipped: { 'docker:26': 0, 'docker:28': 2 } },
] as const)(
  'what the suites say of Docker $version is so',
  { timeout: 300_000 },
  async ({ release, version, skipped }, context) => {
    const programs = isAskedFor ? await programsOf(release) : '`npm run test:chaos` runs it'
    if (typeof programs === 'string') return context.skip(programs)
    expect(programs.version).toMatch(new RegExp(`^Docker version ${version}\\.`))
    const results = await run(programs.folders)
    const wrong = results.scenarios.filter(({ status }) => status !== 'met' && status !== 'skipped')
    expect(wrong.map(({ scenario, failures }) => [scenario, ...failures])).toEqual([])
    const reasons = results.scenarios.flatMap(({ skipReason }) => skipReason ?? [])
    for (const reason of reasons) expect(reason).toMatch(excuses)
    const waitingFor = (major: number) =>
      reasons.filter((reason) => reason.startsWith(`Docker Engine ${String(major)} `))
    expect(waitingFor(28)).toHaveLength(skipped['docker:28'])
    expect(waitingFor(26).length).toBeLessThanOrEqual(skipped['docker:26'])
    expect(confirmed(results)).toEqual(
      expect.arrayContaining(
        ['addresses', 'lan-addresses', 'mode', 'parent', 'shared-parent', 'single', 'swarm'].map(
          (name) => `docker-drivers ${name}`,
        ),
      ),
    )
    // The engine that was asked is the one that is meant.
    expect(results.claims.find(({ id }) => id === 'docker-drivers shared-parent')?.because).toContain(
      `Docker ${version}.`,
    )
  },
)

/** Programs of an engine that run here, or why they do not. */
async function programsOf(release: EngineRelease): Promise<{ folders: string; version: string } | string> {
  if (process.geteuid?.() !== 0) return 'Docker Engine in a lab needs root'
  try {
    const tree = await provideEnginePrograms(release)
    const folders = ['usr/bin', 'usr/sbin'].map((folder) => join(tree, folder))
    const { stdout } = await promisify(execFile)(join(tree, 'usr/sbin/dockerd'), ['--version'])
    return { folders: folders.join(':'), version: stdout }
  } catch (error) {
    const words = (error as { stderr?: string }).stderr
    return words === undefined ? absenceOf(error) : `its programs do not run here: ${words.trim()}`
  }
}

/** Every suite of Docker's drivers, with the engine of some folders. */
async function run(folders: string): Promise<Results> {
  const document = 'k8s-ipvlan-macvlan'
  const files = (await readdir(join(root, 'suites', document))).filter((name) => name.startsWith('docker-'))
  const suites = ['docker-drivers', ...files.map((name) => `${document}/${name.replace('.suite.ts', '')}`)]
  const argv = [join(root, 'harness/cli/main.ts'), 'run', ...suites, '--on', 'local', '--json', '-']
  const env = { ...process.env, PATH: `${folders}:${process.env['PATH'] ?? ''}` }
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, argv, { cwd: root, env, maxBuffer: 1 << 26 }, (_, out) => resolve(out))
  })
  return resultsSchema.parse(JSON.parse(stdout))
}

const confirmed = ({ claims }: Results): readonly string[] =>
  claims.filter(({ status }) => status === 'confirmed').map(({ id }) => id)
