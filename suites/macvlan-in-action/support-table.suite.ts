import { existsSync, readFileSync } from 'node:fs'
import type { Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bareNodes } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'
import { kernelOption } from './kernel-option.ts'
import { isListedKernel, tableRow } from './support-table.ts'

type Node1 = Hosts<'node1'>['node1']

const { name, floor, isListed } = tableRow(osRelease())

// A version says what a kernel may carry, its configuration what it does carry. One machine is one kernel and at most
// one row of the table: the floors themselves are tested by nothing that runs above them.
const table = scenario(bareNodes, 'this kernel and, where it is listed, this distribution are as the table says', {
  claim: macvlanInAction.claim('A10'),
}).finding('this kernel is as the table says', async ({ hosts: { node1 } }) => {
  const release = (await node1.$`uname -r`).stdout.trim()
  const beside = floor === undefined ? `; ${name} is not in the table, which is not tried for it` : ''
  return judge(node1, isListedKernel(release), `kernel ${release}${beside}`)
})

if (floor !== undefined) {
  table.finding('this distribution is as the table says', ({ hosts: { node1 } }) =>
    judge(node1, isListed, `${name}, in the table from ${String(floor)}`),
  )
}

/** Whether the table's answer is the kernel's. Its configuration says what was to be expected. */
async function judge(
  node1: Node1,
  isListed: boolean,
  what: string,
): Promise<{ holds: boolean; found: string; expected: boolean }> {
  const made = await node1.$({ nothrow: true })`ip link add link ens160 table1 type macvlan mode bridge`
  if (made.exitCode === 0) await node1.$`ip link del table1`
  const { carried, line } = await kernelOption(node1, 'CONFIG_MACVLAN', 'macvlan')
  const answer = made.exitCode === 0 ? 'ip link add makes a macvlan device' : made.stderr.trim()
  return {
    holds: isListed === (made.exitCode === 0),
    expected: isListed === (carried !== 'not at all'),
    found: `${what}: ${answer} (macvlan is ${carried}: ${line})`,
  }
}

/** os-release(5): the file of the administrator before that of the vendor; neither need be there. */
function osRelease(): string {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    if (existsSync(file)) return readFileSync(file, 'utf8')
  }
  return ''
}
