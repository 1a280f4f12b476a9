import { blocked, icmp, reached, tcp, type Graph, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL3 } from '../../fixtures/topologies/virtual-nics-ipvlan.ts'
import { virtualNics } from './claims.ts'

const claim = virtualNics.claim('B5')
const isolated = blocked('ipvlan-parent-isolation', { at: 'host eth0' })
/** The document pings by IPv4. */
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

function childrenIn(graph: Graph) {
  return graph.namespaces.flatMap((ns) => ns.interfaces.filter((i) => i.kind === 'ipvlan'))
}

// The same pictures as for macvlan, one layer up: children are told apart by address, not by MAC.
scenario(ipvlanL3, 'l3 children reach each other, and the host only at a child of its own', { claim })
  .expect({ ns1: { ns2: reached, '192.168.0.171': isolated, 'fd00:c::171': isolated }, ns2: { ns1: reached } }, all)
  // The request came up to the host all the same (ipvlan_process_outbound routes it to a local address); with a route to the
  // children by a child of its own the host's answers get back, from any of its addresses.
  .until('the host gets ipvlan3@eth0, .150, and /32 routes', addHostChild, removeHostChild)
  .expect(
    {
      ns1: { '192.168.0.150': reached, '192.168.0.171': reached, 'fd00:c::150': reached, 'fd00:c::171': reached },
      host: { ns1: reached, ns2: reached },
    },
    all,
  )
  .andBack()

scenario(ipvlanL3, 'l3 children are NOARP and share the MAC of their parent', { claim })
  .finding('every child is NOARP', async ({ graph }) => {
    const children = childrenIn(await graph())
    const found = children.map((i) => `${i.name} ${i.flags.join(',')}`).join('; ')
    return { holds: children.length === 2 && children.every((i) => i.flags.includes('NOARP')), found }
  })
  .finding('every child has the MAC of eth0', async ({ graph }) => {
    const seen = await graph()
    const parent = seen.namespaces.find((ns) => ns.id === 'host')?.interfaces.find((i) => i.name === 'eth0')
    const children = childrenIn(seen)
    const found = [parent, ...children].map((i) => `${i?.name ?? 'no eth0'} ${i?.mac ?? ''}`).join(', ')
    return { holds: children.length === 2 && children.every((i) => i.mac === parent?.mac), found }
  })

// A counterexample would be a kernel with ipvlan below the floor. One machine is one kernel: that a floor is not lower, and
// what keeps older kernels from being recommended, is tested by nothing that runs above both.
scenario(ipvlanL3, 'this kernel carries ipvlan', { claim: virtualNics.claim('B10') }).finding(
  'this kernel has ipvlan, and is not below 3.19',
  async ({ hosts, graph }) => {
    const release = (await hosts.host.$`uname -r`).stdout.trim()
    const children = childrenIn(await graph()).length
    const recommended = isFrom(release, 4, 2) ? 'not below the recommended 4.2 either' : 'below the recommended 4.2'
    const found = `kernel ${release} has ${children} ipvlan children, and is ${recommended}`
    return { holds: children > 0 && isFrom(release, 3, 19), found }
  },
)

/** Whether a kernel release is that version or a later one. */
function isFrom(release: string, major: number, minor: number): boolean {
  const [itsMajor = 0, itsMinor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  return itsMajor > major || (itsMajor === major && itsMinor >= minor)
}

async function addHostChild({ host: { $ } }: Pick<Hosts<'host'>, 'host'>): Promise<void> {
  await $`ip link add link eth0 name ipvlan3@eth0 type ipvlan mode l3`
  await $`ip addr add 192.168.0.150/24 dev ipvlan3@eth0`
  await $`ip link set ipvlan3@eth0 up`
  await $`ip route add 192.168.0.100/32 dev ipvlan3@eth0`
  await $`ip route add 192.168.0.200/32 dev ipvlan3@eth0`
  // A kernel without IPv6 refuses; then its cells are left out.
  await $({ nothrow: true })`ip -6 addr add fd00:c::150/64 dev ipvlan3@eth0 nodad`
  await $({ nothrow: true })`ip -6 route add fd00:c::100/128 dev ipvlan3@eth0`
  await $({ nothrow: true })`ip -6 route add fd00:c::200/128 dev ipvlan3@eth0`
}

async function removeHostChild({ host: { $ } }: Pick<Hosts<'host'>, 'host'>): Promise<void> {
  await $`ip link del ipvlan3@eth0`
}
