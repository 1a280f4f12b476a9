import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { resultsSchema, type Results } from '../harness/report/json-schema.ts'

const root = join(import.meta.dirname, '..')
const machine = 'vm:6.1'
/** The documents on ipvlan; what needs a Docker Engine is the business of docker-drivers.vm.test.ts. */
const suites = [
  'ipvlan-demo/routes',
  'ipvlan-demo/devices',
  'ipvlan-demo/beyond-the-host',
  'ipvlan-demo/bgp',
  'ipvlan-in-depth',
  'k8s-ipvlan-macvlan/ipvlan-l3',
]
const documents = ['ipvlan-demo', 'ipvlan-in-depth', 'k8s-ipvlan-macvlan']

async function run(): Promise<Results> {
  const argv = [join(root, 'harness/cli/main.ts'), 'run', ...suites, '--on', machine, '--json', '-']
  // A scenario that is not met ends the command with 1, and is told of below by its own words.
  const said = await promisify(execFile)(process.execPath, argv, { cwd: root, maxBuffer: 1 << 28 }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return resultsSchema.parse(JSON.parse(said.stdout))
}

/** What the checked-in table says of each claim on the machine: `ipvlan-demo C1: confirmed`. */
async function published(): Promise<string[]> {
  const table = await readFile(join(root, 'docs/support.md'), 'utf8')
  return table.split('\n## ').flatMap((section) => {
    const [title = '', ...lines] = section.split('\n')
    if (!documents.includes(title)) return []
    const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').map((cell) => cell.trim()))
    const at = rows[0]?.indexOf(machine) ?? -1
    return rows.slice(2).map((row) => `${title} ${row[1] ?? ''}: ${(row[at] ?? '').replace(/^\S /, '')}`)
  })
}

const reason = await vmObstacle('6.1')

test('the ipvlan documents come out on a VM as the support table says', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const results = await run()
  const unmet = results.scenarios.filter(({ status }) => status === 'not met')
  expect(unmet.map(({ scenario, failures }) => [scenario, ...failures.map(({ message }) => message)])).toEqual([])
  // Tools beside the kernel (bird, ifconfig, …) may be missing, and nothing else.
  const skipped = results.scenarios.flatMap(({ skipReason }) => skipReason ?? [])
  expect(skipped.filter((why) => !/^the machine has no (bird|birdc|ifconfig|iptables|nft)$/.test(why))).toEqual([])
  const tested = results.claims.filter(({ status }) => status !== 'not tested' && status !== 'not supported')
  const measured = tested.map(({ id, status }) => `${id}: ${status}`)
  expect(measured.length).toBeGreaterThan(10)
  expect(await published()).toEqual(expect.arrayContaining(measured))
}, 240_000)
