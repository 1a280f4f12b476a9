import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanDemo } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>
/** The document pings by IPv4. */
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

// The driver routes between the children of one parent by their addresses (ipvlan_addr_lookup), but only what their own stacks
// let out: without a route of its own a namespace refuses to send to the other's subnet, or to answer.
scenario(ipvlanDemo, 'children of two subnets need a default route in both', { claim: ipvlanDemoDocument.claim('C1') })
  .expect(
    {
      net1: { net2: blocked('no-route', { at: 'host/net1' }) },
      net2: { net1: blocked('no-route', { at: 'host/net2' }) },
    },
    all,
  )
  .until(
    'both namespaces get a default route',
    async (hosts) => {
      await addDefault(hosts, 'net1', 'ipv1')
      await addDefault(hosts, 'net2', 'ipv2')
    },
    async ({ host: { $ } }) => {
      await $`ip netns exec net1 ip route del default`
      await $`ip netns exec net2 ip route del default`
      await $({ nothrow: true })`ip -n net1 -6 route del default`
      await $({ nothrow: true })`ip -n net2 -6 route del default`
    },
  )
  .expect({ net1: { net2: reached }, net2: { net1: reached } }, all)
  .andBack()

// One route alone gets the request across, and no answer back.
scenario(ipvlanDemo, 'a default route in one namespace is not enough', { claim: ipvlanDemoDocument.claim('C1') })
  .given('net1 gets a default route', (hosts) => addDefault(hosts, 'net1', 'ipv1'))
  .expect({ net1: { net2: blocked('no-return-route', { at: 'host/net2' }) } }, all)
  .until('net2 gets one as well', (hosts) => addDefault(hosts, 'net2', 'ipv2'))
  .expect({ net1: { net2: reached } }, all)

async function addDefault({ host: { $ } }: Host, ns: string, dev: string): Promise<void> {
  await $`ip netns exec ${ns} ip route add default dev ${dev}`
  // A kernel without IPv6 refuses; then its cells are left out.
  await $({ nothrow: true })`ip -n ${ns} -6 route add default dev ${dev}`
}
