import type { Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bareNodes } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'
import { kernelOption } from './kernel-option.ts'

type Node1 = Hosts<'node1'>['node1']

/** The document's table, by the ID of os-release(5). */
const floors: Readonly<Record<string, number>> = { ubuntu: 13.1, rhel: 7, centos: 7, fedora: 19, debian: 8 }

// A version says what a kernel may carry, its configuration what it does carry. The table is tried on the machine at hand: what
// it says of versions below its floor is not tested by any machine above it.
scenario(bareNodes, 'this kernel and distribution are in the table', { claim: macvlanInAction.claim('A10') })
  .finding('a kernel of 3.9 or newer has macvlan', async ({ hosts: { node1 } }) => {
    const release = (await node1.$`uname -r`).stdout.trim()
    const [major = 0, minor = 0] = release.split('.').map(Number)
    const isListed = major > 3 || (major === 3 && minor >= 9)
    return judge(node1, isListed, `kernel ${release}`)
  })
  .finding('a distribution that is in the table has macvlan', async ({ hosts: { node1 } }) => {
    const text = (await node1.$`cat /etc/os-release`).stdout
    const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? ''
    const floor = floors[field('ID')]
    const name = field('PRETTY_NAME') || field('ID')
    if (floor === undefined) return judge(node1, true, `${name} is not in the table, which leaves its kernel`)
    return judge(node1, Number(field('VERSION_ID')) >= floor, `${name}, in the table from ${String(floor)}`)
  })

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
