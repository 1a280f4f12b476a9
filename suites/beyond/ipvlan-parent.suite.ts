import { accepted, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanChildren } from '../../fixtures/topologies/ipvlan-modes.ts'
import { beyond } from './claims.ts'

const taken = /Address already assigned to an ipvlan device/
const busy = /Device or resource busy/
const refused = { expected: false, documentSays: false } as const

// Children are told apart by their addresses, and so an address is given away once, whether its child is up or not
// (ipvlan_addr4_validator_event, ipvlan_addr_busy). The parent's own address is not among those that are looked at.
scenario(ipvlanChildren('l2'), 'an address is given to one child of a parent', {
  claim: beyond.claim('ipvlan-duplicate'),
})
  .finding(
    'ns2 can have the IPv4 address of ns1 as well',
    ({ hosts: { host } }) => accepted(host.$`ip -n ns2 addr add 192.168.0.100/24 dev ipvlan2`, taken),
    refused,
  )
  .finding(
    'ns2 can have the IPv6 address of ns1 as well',
    ({ hosts: { host } }) => accepted(host.$`ip -n ns2 addr add fd00:d::100/64 dev ipvlan2 nodad`, taken),
    refused,
  )
  .finding(
    'it can when ns1 is down',
    async ({ hosts: { host } }) => {
      await host.$`ip -n ns1 link set ipvlan1 down`
      const said = await accepted(host.$`ip -n ns2 addr add 192.168.0.100/24 dev ipvlan2`, taken)
      await host.$`ip -n ns1 link set ipvlan1 up`
      return said
    },
    refused,
  )
  .expect({ ns1: { ns2: reached }, outside: { ns1: reached, ns2: reached } })

// Each driver takes the one hook that a device has for what it receives (netdev_rx_handler_register).
scenario(ipvlanChildren('l2'), 'a parent of ipvlan children gets no macvlan child', {
  claim: beyond.claim('one-driver'),
})
  .finding(
    'eth0 can have a macvlan child beside its ipvlan children',
    ({ hosts: { host } }) => accepted(host.$`ip link add link eth0 name mac1 type macvlan mode bridge`, busy),
    refused,
  )
  .given('its ipvlan children are deleted', async ({ host: { $ } }) => {
    await $`ip -n ns1 link del ipvlan1`
    await $`ip -n ns2 link del ipvlan2`
  })
  .finding('now it can', ({ hosts: { host } }) =>
    accepted(host.$`ip link add link eth0 name mac1 type macvlan mode bridge`, busy),
  )
  .finding(
    'and no ipvlan child beside that',
    ({ hosts: { host } }) => accepted(host.$`ip link add link eth0 name ipvlan3 type ipvlan mode l2`, busy),
    refused,
  )
