import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bareNodes, macvlanBridge } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

type Node1 = Hosts<'node1'>['node1']

// The driver tells its parent each child's MAC address (dev_uc_add), and a parent that cannot filter for several is made to take
// in everything by the kernel itself (__dev_set_rx_mode): `ip -d link` counts that as promiscuity, without the flag PROMISC. So
// nobody has to set the flag, and setting it changes nothing. A switch below that refuses foreign MAC addresses, as those of
// hypervisors may, is not tried here.
const rows = {
  ns1: { ns2: reached, node2: reached, node1: blocked('macvlan-parent-isolation') },
  ns2: { ns1: reached },
  node2: { ns1: reached, ns2: reached },
  client: { ns1: blocked('no-return-route') },
} as const

const needed = 'a child is not given its frames unless somebody has set ens160 promiscuous'

scenario(macvlanBridge, 'everything connects with promisc set off', {
  claim: macvlanInAction.claim('A9'),
  when: 'promisc set off',
})
  .given('promisc is set off', ({ node1: { $ } }) => $`ip link set ens160 promisc off`)
  .expect(rows)
  .finding(needed, ({ hosts: { node1 } }) => deaf(node1), { expected: false })

scenario(macvlanBridge, 'nothing more connects with promisc on')
  .expect(rows)
  .finding('ens160 shows the flag PROMISC', async ({ hosts: { node1 } }) => {
    const { text, isFlagged } = await promiscuity(node1)
    return { holds: isFlagged, found: text }
  })

scenario(bareNodes, 'the kernel makes the parent take in its children’s frames by itself', {
  needs: ['link:macvlan'],
}).finding(
  'a parent without a filter counts as promiscuous while a child is up, and not before',
  async ({ hosts: { node1 } }) => {
    await node1.$`ip link add link ens160 mac1 type macvlan mode bridge`
    const before = await promiscuity(node1)
    await node1.$`ip link set mac1 up`
    const after = await promiscuity(node1)
    const hasRisen = before.count === 0 && after.count === 1 && !after.isFlagged
    return { holds: hasRisen, found: `before: ${before.text}; with mac1 up: ${after.text}` }
  },
)

/** Whether ns1 is deaf while nobody has set the flag. With the flag set there is nothing to be seen. */
async function deaf(node1: Node1): Promise<{ holds: boolean; found: string }> {
  const { text, isFlagged } = await promiscuity(node1)
  if (isFlagged) throw new Error(`ens160 is set promiscuous: ${text}`)
  const ping = await node1.$({ nothrow: true })`ip netns exec ns1 ping -c 1 -W 1 192.168.179.10`
  // 1 is no reply; anything else is a ping that could not be tried.
  if ((ping.exitCode ?? 2) > 1) throw new Error(`ping failed: ${ping.stderr.trim()}`)
  const outcome = ping.exitCode === 0 ? 'ns1 hears node2’s reply' : 'ns1 hears nothing'
  return { holds: ping.exitCode !== 0, found: `${outcome}, and ens160 has ${text}` }
}

/** The flag that somebody set, and the count by which the kernel itself has made the device promiscuous. */
async function promiscuity({ $ }: Node1): Promise<{ text: string; count: number; isFlagged: boolean }> {
  const shown = (await $`ip -d link show ens160`).stdout
  const flags = /<(\S+)>/.exec(shown)?.[1] ?? ''
  const count = Number(/promiscuity (\d+)/.exec(shown)?.[1])
  return { text: `${flags}, promiscuity ${String(count)}`, count, isFlagged: /\bPROMISC\b/.test(flags) }
}
