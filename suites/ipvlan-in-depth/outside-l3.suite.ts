import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL3 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'
import { addHostChild } from './host-access.ts'

// The host joins its children as one of them. That it does not hear them without is not expected here: their requests do reach
// the host's stack (routed out by ens10 they come to a local address), only its replies leave by the wire, and the catalogue
// has no reason for that yet.
scenario(ipvlanL3, 'l3 children reach an address on a child of the host', { claim: ipvlanInDepth.claim('E7') })
  .given('ipvl_10 gets 172.18.22.115/32, the host /32 routes', async (hosts) => {
    const { $ } = hosts.node
    await addHostChild(hosts, 'l3', '172.18.22.115/32')
    await $`ip route add 192.168.100.201/32 dev ipvl_10`
    await $`ip route add 192.168.200.201/32 dev ipvl_10`
  })
  .expect({
    node2ns: { '172.18.22.115': reached },
    node2ns2: { '172.18.22.115': reached },
    node: { node2ns: reached, node2ns2: reached },
  })

// An l3 child is NOARP: who takes its subnet for on-link asks in vain. The address that can be asked for is the host's, on
// ens10, and what is sent there for a child the driver takes in without the host's forwarding.
scenario(ipvlanL3, 'the outside reaches l3 children by the host’s address, not by ARP', {
  claim: ipvlanInDepth.claim('E8'),
})
  .given('ens10 gets an address; beside takes the children’s subnet for on-link', async ({ node, beside }) => {
    await node.$`ip addr add 172.18.23.10/24 dev ens10`
    await beside.$`ip route add 192.168.100.0/24 dev eth0 src 172.18.23.60`
  })
  .expect({ beside: { node2ns: blocked('neighbour-unanswered', { at: 'node/node2ns eth0' }) } })
  .until(
    'beside routes the children’s subnet by ens10’s address',
    ({ beside: { $ } }) => $`ip route replace 192.168.100.0/24 via 172.18.23.10`,
    ({ beside: { $ } }) => $`ip route replace 192.168.100.0/24 dev eth0 src 172.18.23.60`,
  )
  .expect({ beside: { node2ns: reached }, node2ns: { '172.18.23.60': reached } })
  .andBack()

scenario(ipvlanL3, 'l3 children reach the outside only with a return route', { claim: ipvlanInDepth.claim('E8') })
  .given('ens10 gets an address', ({ node: { $ } }) => $`ip addr add 172.18.23.10/24 dev ens10`)
  .expect({ node2ns: { '172.18.23.60': blocked('no-return-route', { at: 'beside' }) } })
  .until(
    'beside routes the children’s subnet by ens10’s address',
    ({ beside: { $ } }) => $`ip route add 192.168.100.0/24 via 172.18.23.10`,
    ({ beside: { $ } }) => $`ip route del 192.168.100.0/24`,
  )
  .expect({ node2ns: { '172.18.23.60': reached } })
  .andBack()
