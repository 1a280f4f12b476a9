import { topology, type Hosts } from '../../harness/lab/topology.ts'
import { openLab } from '../../harness/lab/lab.ts'
import type { Machine } from '../../harness/machines/machine.ts'
import { underlay } from '../../harness/model/underlay.ts'

const lan = underlay()
  .wire('lan', '192.168.0.0/16')
  .wire('office', '10.8.0.0/16')
  .host('node1', { ens160: 'lan 192.168.179.9/16' }, { routes: ['default via 192.168.1.1'] })
  .host('node2', { ens160: 'lan 192.168.179.10/16' }, { routes: ['default via 192.168.1.1'] })
  .router('gw', { eth0: 'lan 192.168.1.1/16', eth1: 'office 10.8.0.1/16' })
  .client('client', { eth0: 'office 10.8.0.241/16' }, { routes: ['default via 10.8.0.1'] })

type Shell = Hosts<'node1'>['node1']['$']

/** The document's two namespaces, with its commands as printed. */
async function children($: Shell): Promise<void> {
  await $`ip link set ens160 promisc on`
  for (const [n, last] of [
    ['1', '12'],
    ['2', '13'],
  ] as const) {
    await $`ip netns add ${`ns${n}`}`
    await $`ip link add link ens160 ${`mac${n}`} type macvlan mode bridge`
    await $`ip link set ${`mac${n}`} netns ${`ns${n}`}`
    await $`ip netns exec ${`ns${n}`} ip addr add ${`192.168.179.${last}/16`} dev ${`mac${n}`}`
    await $`ip netns exec ${`ns${n}`} ip link set dev ${`mac${n}`} up`
  }
}

export const documentA = topology('document A', {
  underlay: lan,
  namespaces: { node1: ['ns1', 'ns2'], node2: ['ns1'] },
  build: ({ node1: { $ } }) => children($),
})

/**
 * The document's commands, one after the other, with the kernel's own neighbour timers and ping as a person sees it end:
 * two packets. What must fail is waited for until ping gives up.
 */
export async function typedByHand(machine: Machine): Promise<void> {
  const lab = await openLab(machine, documentA)
  try {
    await lab.build()
    const { node1, node2, client } = lab.hosts
    const ping = async ({ $ }: { $: Shell }, ns: string | undefined, address: string): Promise<void> => {
      if (ns === undefined) await $({ nothrow: true })`ping -c 2 ${address}`
      else await $({ nothrow: true })`ip netns exec ${ns} ping -c 2 ${address}`
    }
    await ping(node1, 'ns1', '192.168.179.13')
    await ping(node1, 'ns2', '192.168.179.12')
    await ping(node1, 'ns1', '192.168.179.10')
    const two = node2.$
    await two`ip link set ens160 promisc on`
    await two`ip netns add ns1`
    await two`ip link add link ens160 mac1 type macvlan mode bridge`
    await two`ip link set mac1 netns ns1`
    await two`ip netns exec ns1 ip addr add 192.168.179.14/16 dev mac1`
    await two`ip netns exec ns1 ip link set dev mac1 up`
    await ping(node1, 'ns1', '192.168.179.14')
    await ping(client, undefined, '192.168.179.12')
    const one = node1.$
    await one`ip netns exec ns1 ip route add default via 192.168.1.1 dev mac1`
    await ping(client, undefined, '192.168.179.12')
    await ping(node1, 'ns1', '192.168.179.9')
    await one`ip link add link ens160 mac0 type macvlan mode bridge`
    await one`ip addr del 192.168.179.9/16 dev ens160`
    await one`ip addr add 192.168.179.9/16 dev mac0`
    await one`ip link set dev mac0 up`
    await one`ip route flush dev ens160`
    await one`ip route flush dev mac0`
    await one`ip route add 192.168.0.0/16 dev mac0 metric 0`
    await one`ip route add default via 192.168.1.1 dev mac0`
    await ping(node1, 'ns1', '192.168.179.9')
    await one`ip link set ens160 down`
    await ping(node1, 'ns1', '192.168.179.10')
    await ping(node1, 'ns1', '192.168.179.13')
  } finally {
    await lab.dispose()
  }
}

/** The same lab as a person would script it: one sandbox, namespaces for hosts and wires, and `ip -batch`. */
export async function builtByHand(machine: Machine): Promise<void> {
  const sandbox = await machine.openSandbox()
  const spaces = ['lan', 'office', 'node1', 'node2', 'gw', 'client', 'ns1', 'ns2']
  const nics = [
    ['node1', 'ens160', 'lan', '192.168.179.9/16'],
    ['node2', 'ens160', 'lan', '192.168.179.10/16'],
    ['gw', 'eth0', 'lan', '192.168.1.1/16'],
    ['gw', 'eth1', 'office', '10.8.0.1/16'],
    ['client', 'eth0', 'office', '10.8.0.241/16'],
  ] as const
  const batch = async (ns: string | undefined, lines: readonly string[]): Promise<void> => {
    const argv = ns === undefined ? ['ip', '-batch', '-'] : ['ip', '-n', ns, '-batch', '-']
    const done = await sandbox.run(argv, { input: `${lines.join('\n')}\n`, env: machine.environment })
    if (done.code !== 0) throw new Error(done.stderr.toString())
  }
  await sandbox.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'])
  await batch(undefined, [
    ...spaces.map((name) => `netns add ${name}`),
    ...nics.map(
      ([host, nic, wire]) => `link add ${nic} netns ${host} type veth peer name ${host}-${nic} netns ${wire}`,
    ),
  ])
  await sandbox.run(['ip', 'netns', 'exec', 'gw', 'sysctl', '-qw', 'net.ipv4.ip_forward=1'], {
    env: machine.environment,
  })
  for (const wire of ['lan', 'office']) {
    const ports = nics.filter((nic) => nic[2] === wire).map(([host, nic]) => `${host}-${nic}`)
    const plug = ports.flatMap((port) => [`link set ${port} master ${wire}`, `link set ${port} up`])
    await batch(wire, [`link add ${wire} type bridge`, `link set ${wire} up`, ...plug])
  }
  for (const host of ['node1', 'node2', 'gw', 'client']) {
    const own = nics.filter((nic) => nic[0] === host)
    const gateway = host === 'gw' ? [] : [`route add default via ${host === 'client' ? '10.8.0.1' : '192.168.1.1'}`]
    await batch(host, [
      ...own.flatMap(([, nic, , address]) => [`addr add ${address} dev ${nic}`, `link set ${nic} up`]),
      'link set lo up',
      ...gateway,
    ])
  }
  await batch('node1', [
    'link set ens160 promisc on',
    'link add link ens160 mac1 netns ns1 type macvlan mode bridge',
    'link add link ens160 mac2 netns ns2 type macvlan mode bridge',
  ])
  await batch('ns1', ['addr add 192.168.179.12/16 dev mac1', 'link set mac1 up'])
  await batch('ns2', ['addr add 192.168.179.13/16 dev mac2', 'link set mac2 up'])
  await sandbox.close()
}
