import type { Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL3 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { countAtHooks, countedAt } from './netfilter-hooks.ts'

// One ping from beside to a child, counted at every hook of both namespaces. What a child sends in l3 and l3s the parent's
// namespace routes and sends on as its own (ip_local_out in ipvlan_process_outbound). What comes in for a child, l2 and l3 take
// before the host's stack; l3s lets the host's stack take it in and gives it over behind its INPUT hook, past the child's.
const modes = {
  l2: { host: 'none', child: 'prerouting 1, input 1, output 1, postrouting 1' },
  l3: { host: 'output 1, postrouting 1', child: 'prerouting 1, input 1, output 1, postrouting 1' },
  l3s: { host: 'prerouting 1, input 1, output 1, postrouting 1', child: 'output 1, postrouting 1' },
} as const

for (const [mode, expected] of Object.entries(modes)) {
  scenario(ipvlanL3, `${mode}: whose netfilter sees a ping and its answer`, {
    claim: ipvlanInDepth.claim('E9'),
    when: `hooks in ${mode}`,
    needs: ['tool:nft'],
  })
    .given(`the parent is in ${mode}; both sides have routes`, async ({ node, beside }) => {
      await node.$`ip netns exec node2ns ip link set eth0 type ipvlan mode ${mode}`
      await node.$`ip addr add 172.18.23.10/24 dev ens10`
      if (mode === 'l2') await beside.$`ip route add 192.168.100.0/24 dev eth0`
      else await beside.$`ip route add 192.168.100.0/24 via 172.18.23.10`
    })
    .finding(`the host: ${expected.host}; its child: ${expected.child}`, async ({ hosts }) => {
      const { host, child } = await hooksOfOnePing(hosts)
      return {
        holds: host === expected.host && child === expected.child,
        found: `the host: ${host}; its child: ${child}`,
      }
    })
}

async function hooksOfOnePing(hosts: Hosts<'node' | 'beside'>): Promise<{ host: string; child: string }> {
  await countAtHooks(hosts, 'node2ns')
  await hosts.beside.$`ping -n -c 1 -W 5 192.168.100.201`
  return { host: await countedAt(hosts), child: await countedAt(hosts, 'node2ns') }
}
