import { blocked, icmp, reached, tcp, type Graph } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL3, ipvlanL3AsPrinted } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'

/** The document pings by IPv4. */
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const
const both = { node2ns: { node2ns2: reached }, node2ns2: { node2ns: reached } } as const

// The mode belongs to the parent: the second child, created with `mode l2`, takes the first one out of l3. The reply that the
// document shows is one of l2, where both namespaces resolve the other's address by ARP as their default route has no gateway.
scenario(ipvlanL3AsPrinted, 'the second child decides the mode', {
  claim: ipvlanInDepth.claim('E6'),
  when: 'second child created with mode l2, as printed',
})
  .expect(both, all)
  .finding('node2ns is in the mode it was created with, l3', modeOfFirst, { expected: false })

scenario(ipvlanL3, 'l3 children of two subnets reach each other', {
  claim: ipvlanInDepth.claim('E6'),
  when: 'second child created with mode l3',
})
  .expect(both, all)
  .finding('node2ns is in the mode it was created with, l3', modeOfFirst)
  .until(
    'node2ns2 loses its default route',
    async ({ node: { $ } }) => {
      await $`ip netns exec node2ns2 ip route del default`
      await $({ nothrow: true })`ip -n node2ns2 -6 route del default`
    },
    async ({ node: { $ } }) => {
      await $`ip netns exec node2ns2 ip route add default dev eth0`
      await $({ nothrow: true })`ip -n node2ns2 -6 route add default dev eth0`
    },
  )
  .expect({ node2ns: { node2ns2: blocked('no-return-route', { at: 'node/node2ns2' }) } }, all)
  .andBack()

async function modeOfFirst({ graph }: { graph: () => Promise<Graph> }): Promise<{ holds: boolean; found: string }> {
  const node2ns = (await graph()).namespaces.find((ns) => ns.id === 'node/node2ns')
  const mode = node2ns?.interfaces.find((dev) => dev.name === 'eth0')?.mode
  return { holds: mode === 'l3', found: `eth0 of node2ns is in mode ${mode ?? 'unknown: there is no eth0'}` }
}
