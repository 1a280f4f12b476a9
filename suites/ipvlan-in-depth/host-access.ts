import type { Hosts } from 'netwright'

type Node = Pick<Hosts<'node'>, 'node'>

const namespaces = ['node1ns', 'node1ns2'] as const

/** Gives the host itself a child of ens10 and routes by it. What is of IPv6 a kernel without it refuses, and its cells are left out. */
export async function addHostChild(
  { node: { $ } }: Node,
  mode: 'l2' | 'l3',
  own: { readonly address: string; readonly ipv6: string },
  children: readonly string[],
): Promise<void> {
  await $`ip link add link ens10 ipvl_10 type ipvlan mode ${mode}`
  await $`ip addr add ${own.address}/32 dev ipvl_10`
  await $({ nothrow: true })`ip -6 addr add ${own.ipv6}/128 dev ipvl_10 nodad`
  await $`ip link set ipvl_10 up`
  for (const child of children) {
    const [, , subnet = '', host = ''] = child.split('.')
    await $`ip route add ${child}/32 dev ipvl_10`
    await $({ nothrow: true })`ip -6 route add fd00:${subnet}::${host}/128 dev ipvl_10`
  }
}

const gateway = { address: '192.168.100.1', ipv6: 'fd00:100::1' }
/** The host's own address. */
export const ownAddress = { address: '172.18.22.114', ipv6: 'fd00:22::114' }
const children = ['192.168.100.101', '192.168.100.102']

/** The document's first way from l2 children to the host. */
export async function methodOne(hosts: Node): Promise<void> {
  const { $ } = hosts.node
  await $`ip addr add 192.168.100.1/24 dev ens10`
  await $({ nothrow: true })`ip -6 addr add fd00:100::1/64 dev ens10`
  await routeByGateway(hosts)
}

/** The second: the gateway is a child like the others. */
export async function methodTwo(hosts: Node): Promise<void> {
  await addHostChild(hosts, 'l2', gateway, children)
  await routeByGateway(hosts)
}

/** The third: the host's address itself is on a child, and on-link for the namespaces. */
export async function methodThree(hosts: Node): Promise<void> {
  await addHostChild(hosts, 'l2', ownAddress, children)
  await routeOnLink(hosts)
}

/** Takes the host's own subnet for on-link in the namespaces. */
export async function routeOnLink({ node: { $ } }: Node): Promise<void> {
  for (const ns of namespaces) {
    await $`ip netns exec ${ns} ip route add 172.18.22.0/24 dev eth0`
    await $({ nothrow: true })`ip -n ${ns} -6 route add fd00:22::/64 dev eth0`
  }
}

async function routeByGateway({ node: { $ } }: Node): Promise<void> {
  for (const ns of namespaces) {
    await $`ip netns exec ${ns} ip route add default via 192.168.100.1`
    await $({ nothrow: true })`ip -n ${ns} -6 route add default via fd00:100::1`
  }
}
