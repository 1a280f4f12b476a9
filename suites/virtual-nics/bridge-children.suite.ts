import { blocked, icmp, reached, tcp, udp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { atNames } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { virtualNics } from './claims.ts'

// The first picture of the document: children talk past the wire, the parent's own stack hears nothing of it. The document pings
// by IPv4; the driver looks at MAC addresses, and so all else fares the same.
scenario(atNames, 'children in bridge mode reach each other and the LAN, not their host', {
  claim: virtualNics.claim('B2'),
})
  .expect(
    {
      ns2: { ns1: reached, outside: reached, host: blocked('macvlan-parent-isolation', { at: 'host eth0' }) },
      ns1: { ns2: reached, host: blocked('macvlan-parent-isolation', { at: 'host eth0' }) },
      host: { ns1: blocked('macvlan-parent-isolation', { at: 'host eth0' }), outside: reached },
      outside: { ns1: reached, host: reached },
    },
    { family: [4, 6], over: [icmp(), tcp(8080), udp(5353)] },
  )
  .finding('each child has a MAC address of its own', async ({ graph }) => {
    const children = (await graph()).namespaces.flatMap((ns) =>
      ns.interfaces.filter((i) => ['macvlan', 'veth'].includes(i.kind)),
    )
    const onHost = children.filter((i) => i.name.includes('eth0') && i.port === undefined)
    const macs = onHost.map((i) => i.mac)
    return {
      holds: onHost.length === 4 && new Set(macs).size === 4,
      found: onHost.map((i) => `${i.name} ${i.mac}`).join(', '),
    }
  })
  // `ip` prints PARENT behind an @ that is no part of the name; here it is one, and `ip` prints both.
  .finding('a device created as mac1@eth0 is called exactly that', async ({ hosts, graph }) => {
    const names = (await graph()).namespaces.flatMap((ns) => ns.interfaces.map((i) => i.name))
    const shown = await hosts.host.$`ip netns exec ns1 ip link show mac1@eth0`
    return {
      holds: names.includes('mac1@eth0') && !names.includes('mac1'),
      found: shown.stdout.split('\n', 1)[0] ?? '',
    }
  })
