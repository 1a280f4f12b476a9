import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>
const claim = beyond.claim('private-warm')
const apart = blocked('private-mode', { at: 'host eth0' })

// "Private" stands on unanswered questions: of what a switch reflects, only broadcasts are kept from the siblings. Who
// knows the other's MAC address gets through, be it from an ARP entry made by hand or learnt while the mode was another.
scenario(macvlanChildren('private', 'hairpin on'), 'reflected', { claim, when: 'hairpin on' })
  .expect({ ns1: { ns2: apart, host: apart }, ns2: { ns1: apart } })
  .until('each knows the MAC address of the other', introduce, forget)
  .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } })
  .andBack()

scenario(macvlanChildren('private'), 'not reflected', { claim, when: 'hairpin off' })
  .expect({ ns1: { ns2: apart } })
  .given('each knows the MAC address of the other', introduce)
  .expect({ ns1: { ns2: apart } })

/** Permanent entries outlive the cold start that every row is measured from. */
async function introduce({ host: { $ } }: Host): Promise<void> {
  for (const [ns, dev, other, otherDev, address] of [
    ['ns1', 'mac1', 'ns2', 'mac2', '192.168.0.200'],
    ['ns2', 'mac2', 'ns1', 'mac1', '192.168.0.100'],
  ] as const) {
    const shown = await $`ip netns exec ${other} ip -j link show ${otherDev}`
    const [link] = JSON.parse(shown.stdout) as { address: string }[]
    await $`ip netns exec ${ns} ip neigh replace ${address} lladdr ${link?.address ?? ''} dev ${dev} nud permanent`
  }
}

async function forget({ host: { $ } }: Host): Promise<void> {
  await $`ip netns exec ns1 ip neigh del 192.168.0.200 dev mac1`
  await $`ip netns exec ns2 ip neigh del 192.168.0.100 dev mac2`
}
