import { accepted, blocked, icmp, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('mtu')
/** Payload bytes that make an IPv4 packet of the wire's MTU: 20 of IP and 8 of ICMP are added. */
const full = 1500 - 28

scenario(macvlanChildren('bridge'), 'a child takes no larger packets than its parent', { claim })
  .expect({ ns1: { ns2: reached, outside: reached } }, { over: icmp({ size: full, dontFragment: true }) })
  .expect({ ns1: { outside: blocked('mtu-exceeded') } }, { over: icmp({ size: full + 1, dontFragment: true }) })
  .finding(
    'an MTU above the parent’s is accepted',
    ({ hosts: { host } }) => accepted(host.$`ip netns exec ns1 ip link set dev mac1 mtu 9000`, /Invalid argument/),
    { expected: false, documentSays: false },
  )
  .finding(
    'a child is created with an MTU above the parent’s',
    ({ hosts: { host } }) =>
      accepted(host.$`ip link add link eth0 name mac3 mtu 9000 type macvlan mode bridge`, /Invalid argument/),
    { expected: false, documentSays: false },
  )
  // The parent pulls its children down with it, and does not lift them up again (macvlan_device_event, NETDEV_CHANGEMTU).
  .given('the MTU of the parent goes to 1400 and back', async ({ host: { $ } }) => {
    await $`ip link set dev eth0 mtu 1400`
    await $`ip link set dev eth0 mtu 1500`
  })
  .finding('the children stay at 1400', async ({ graph }) => {
    const children = (await graph()).namespaces.flatMap((ns) => ns.interfaces.filter((i) => i.kind === 'macvlan'))
    const found = children.map((i) => `${i.name} ${i.mtu}`).join(', ')
    return { holds: children.length === 2 && children.every((i) => i.mtu === 1400), found }
  })

// Siblings hand frames over by reference: how much the receiver's device would send does not matter to what it gets.
scenario(macvlanChildren('bridge'), 'a smaller MTU limits what a child sends, not what it gets', { claim })
  .given('mac2 has an MTU of 1400', ({ host: { $ } }) => $`ip netns exec ns2 ip link set dev mac2 mtu 1400`)
  .expect(
    { ns1: { ns2: reached }, ns2: { ns1: blocked('mtu-exceeded') } },
    { over: icmp({ size: full, dontFragment: true }) },
  )
