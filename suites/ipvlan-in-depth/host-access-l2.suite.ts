import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL2 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { addHostChild, methodOne, methodThree, methodTwo, ownAddress, routeOnLink } from './host-access.ts'

type Node = Pick<Hosts<'node'>, 'node'>
const isolated = blocked('ipvlan-parent-isolation', { at: 'node ens10' })
/** The document pings by IPv4. */
const over = [icmp(), tcp(8080)]

// Method 1. A child's ARP request goes to its siblings and out to the wire, never up to the parent's own stack
// (ipvlan_process_multicast), and so nobody answers for 192.168.100.1. The document's reply needs somebody who does: a typed-in
// neighbour, or a child of the host beside, which answers for all addresses of the host's.
scenario(ipvlanL2, 'method 1: an address on ens10', { claim: ipvlanInDepth.claim('E2') })
  .given('ens10 gets 192.168.100.1/24, namespaces a default route by it', methodOne)
  .expect(
    { node1ns: { '172.18.22.114': isolated, 'fd00:22::114': isolated } },
    { over, documentSays: { node1ns: { '172.18.22.114': reached, 'fd00:22::114': reached } } },
  )

// Method 2. The host's child answers ARP, as siblings hear each other. What it is sent for 172.18.22.114 no child has, so the
// driver hands it up to ens10 (dev_forward_skb in ipvlan_xmit_mode_l2).
scenario(ipvlanL2, 'method 2: an address on a child of the host', { claim: ipvlanInDepth.claim('E3') })
  .given('ipvl_10 gets 192.168.100.1/32, the host /32 routes', methodTwo)
  .expect(
    {
      node1ns: { '172.18.22.114': reached, 'fd00:22::114': reached },
      node1ns2: { '172.18.22.114': reached },
      node: { node1ns: reached },
    },
    { over, family: [4, 6] },
  )

// Method 3. The host's own address lives twice, on ens3 and on its child.
scenario(ipvlanL2, 'method 3: the host’s own address on a child of the host', { claim: ipvlanInDepth.claim('E4') })
  .given('ipvl_10 gets 172.18.22.114/32, namespaces 172.18.22.0/24 by eth0', methodThree)
  .expect(
    {
      node1ns: { '172.18.22.114': reached, 'fd00:22::114': reached },
      node: { node1ns: reached, node1ns2: reached },
    },
    { over, family: [4, 6] },
  )

// That ipvl_10 is what it takes: methods 2 and 3 fail without it as method 1 does.
scenario(ipvlanL2, 'a child of the host is what method 3 takes')
  .given('namespaces get 172.18.22.0/24 by eth0', routeOnLink)
  .expect({ node1ns: { '172.18.22.114': isolated, 'fd00:22::114': isolated } })
  .until('the host gets ipvl_10 with its own address', (hosts: Node) =>
    addHostChild(hosts, 'l2', ownAddress, ['192.168.100.101']),
  )
  .expect({ node1ns: { '172.18.22.114': reached, 'fd00:22::114': reached } })
