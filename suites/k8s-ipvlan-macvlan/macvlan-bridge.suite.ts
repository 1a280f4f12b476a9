import { blocked, icmp, reached, tcp, udp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanEns32 } from '../../fixtures/topologies/macvlan-ens32.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

// The document stops after the commands. What they built is a macvlan bridge as any other: siblings, the LAN, never the node.
const rows = {
  net1: { net2: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens32' }) },
  net2: { net1: reached, node2: reached, node1: blocked('macvlan-parent-isolation', { at: 'node1 ens32' }) },
  node1: { net1: blocked('macvlan-parent-isolation', { at: 'node1 ens32' }), node2: reached },
  node2: { net1: reached, net2: reached },
} as const

scenario(macvlanEns32, 'net1 and net2 reach each other on a promiscuous ens32', {
  claim: k8sIpvlanMacvlan.claim('D3'),
  when: 'ifconfig, as printed',
  needs: ['tool:ifconfig'],
})
  .given('ens32 is promiscuous', ({ node1: { $ } }) => $`ifconfig ens32 promisc`)
  .finding('`ifconfig ens32 promisc` sets the flag PROMISC', async ({ graph }) => {
    const ens32 = (await graph()).namespaces
      .find((ns) => ns.id === 'node1')
      ?.interfaces.find((dev) => dev.name === 'ens32')
    return { holds: ens32?.flags.includes('PROMISC') === true, found: ens32?.flags.join(',') ?? 'no ens32' }
  })
  .expect(rows)

// net-tools is gone from the distributions' default installations; ip(8) says the same.
scenario(macvlanEns32, 'net1 and net2 reach each other with promisc set by ip', {
  claim: k8sIpvlanMacvlan.claim('D3'),
  when: 'ip link set ens32 promisc on',
})
  .given('ens32 is promiscuous', ({ node1: { $ } }) => $`ip link set ens32 promisc on`)
  .expect(rows)

scenario(macvlanEns32, 'net1 and net2 reach each other without promisc, by all protocols').expect(rows, {
  family: [4, 6],
  over: [icmp(), tcp(8080), udp(5353)],
})
