import type { Hosts } from 'netwright'

type Node = Pick<Hosts<'node'>, 'node'>

const namespaces = ['node1ns', 'node1ns2'] as const

/** Gives the host itself a child of ens10. */
export async function addHostChild({ node: { $ } }: Node, mode: 'l2' | 'l3', address: string): Promise<void> {
  await $`ip link add link ens10 ipvl_10 type ipvlan mode ${mode}`
  await $`ip addr add ${address} dev ipvl_10`
  await $`ip link set ipvl_10 up`
}

/** The document's first way from l2 children to the host. */
export async function methodOne({ node: { $ } }: Node): Promise<void> {
  await $`ip addr add 192.168.100.1/24 dev ens10`
  for (const ns of namespaces) await $`ip netns exec ${ns} ip route add default via 192.168.100.1`
}

/** The second: the gateway is a child like the others. */
export async function methodTwo(hosts: Node): Promise<void> {
  const { $ } = hosts.node
  await addHostChild(hosts, 'l2', '192.168.100.1/32')
  await $`ip route add 192.168.100.101/32 dev ipvl_10`
  await $`ip route add 192.168.100.102/32 dev ipvl_10`
  for (const ns of namespaces) await $`ip netns exec ${ns} ip route add default via 192.168.100.1`
}

/** The third: the host's address itself is on a child, and on-link for the namespaces. */
export async function methodThree(hosts: Node): Promise<void> {
  const { $ } = hosts.node
  await addHostChild(hosts, 'l2', '172.18.22.114/32')
  await $`ip route add 192.168.100.101/32 dev ipvl_10`
  await $`ip route add 192.168.100.102/32 dev ipvl_10`
  for (const ns of namespaces) await $`ip netns exec ${ns} ip route add 172.18.22.0/24 dev eth0`
}
