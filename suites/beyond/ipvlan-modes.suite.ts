import { blocked, multicast, reached, tcp, udp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanChildren } from '../../fixtures/topologies/ipvlan-modes.ts'
import { beyond } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>
const both = { family: [4, 6] } as const
const isolated = blocked('ipvlan-parent-isolation', { at: 'host eth0' })
const apart = blocked('private-mode', { at: 'host eth0' })
const unreflected = blocked('vepa-not-reflected', { at: 'wire:lan host-eth0' })

// The three flags in each mode, by IPv4 and IPv6. In l3 and l3s a vepa parent's stack looks for the sibling on the wire in the
// child's place, where nobody answers for a NOARP device: there even a reflecting switch would not help.
for (const mode of ['l2', 'l3', 'l3s'] as const) {
  const set = (flag: string) => (hosts: Host) => setMode(hosts, `${mode} ${flag}`)
  scenario(ipvlanChildren(mode), `${mode}: flags bridge, private and vepa`, {
    claim: beyond.claim('ipvlan-flags'),
    when: mode,
  })
    .expect({ ns1: { ns2: reached, host: isolated }, host: { ns1: isolated } }, both)
    .until('the parent is private', set('private'))
    .expect({ ns1: { ns2: apart } }, both)
    .given('the parent is vepa', set('vepa'))
    .expect({ ns1: { ns2: unreflected } }, both)
}

scenario(ipvlanChildren('l2', 'hairpin on'), 'a reflecting switch joins vepa children, and l2 children and host', {
  claim: beyond.claim('ipvlan-flags'),
  when: 'l2, hairpin on',
})
  .expect({ ns1: { host: reached }, host: { ns1: reached } }, both)
  .given('the parent is vepa', (hosts) => setMode(hosts, 'l2 vepa'))
  .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } }, both)

scenario(ipvlanChildren('l2'), 'TCP and UDP go where ICMP goes', {
  claim: beyond.claim('ipvlan-flags'),
  when: 'TCP, UDP',
})
  .expect({ ns1: { ns2: reached, host: isolated } }, { over: [tcp(8080), udp(5353)] })
  .until('the parent is private', (hosts) => setMode(hosts, 'l2 private'))
  .expect({ ns1: { ns2: apart } }, { over: [tcp(8080), udp(5353)] })

// One mode for all, and it is asked of one child: the other, which is up, changes with it at once.
scenario(ipvlanChildren('l2'), 'l2 children that become l3 lose multicast, and what others resolve', {
  claim: beyond.claim('ipvlan-mode-change'),
})
  .expect({ outside: { ns1: reached }, ns1: { ns2: reached } })
  .expect({ ns1: { ns2: reached } }, { over: multicast(5000) })
  .until(
    'ns2 is set to l3',
    ({ host: { $ } }) => $`ip netns exec ns2 ip link set ipvlan2 type ipvlan mode l3`,
    ({ host: { $ } }) => $`ip netns exec ns2 ip link set ipvlan2 type ipvlan mode l2`,
  )
  .expect({ ns1: { ns2: blocked('l3-no-multicast', { at: 'host/ns1 ipvlan1' }) } }, { over: multicast(5000) })
  .andBack()
  .given('ns2 is set to l3', ({ host: { $ } }) => $`ip netns exec ns2 ip link set ipvlan2 type ipvlan mode l3`)
  .finding('ns1, which nobody asked, is in l3 and NOARP', async ({ graph }) => {
    const ns1 = (await graph()).namespaces.find((ns) => ns.id === 'host/ns1')
    const dev = ns1?.interfaces.find((i) => i.name === 'ipvlan1')
    const holds = dev?.mode === 'l3' && dev.flags.includes('NOARP')
    return { holds, found: `ipvlan1 ${dev?.mode ?? 'is gone'} ${dev?.flags.join(',') ?? ''}` }
  })
  .expect({ ns1: { ns2: reached }, outside: { ns1: blocked('neighbour-unanswered', { at: 'host/ns1 ipvlan1' }) } })

async function setMode({ host: { $ } }: Host, mode: string): Promise<void> {
  await $`ip netns exec ns1 ip link set ipvlan1 type ipvlan mode ${mode.split(' ')}`
}
