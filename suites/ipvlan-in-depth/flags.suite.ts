import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanL2, ipvlanL3 } from '../../fixtures/topologies/ipvlan-in-depth.ts'
import { ipvlanInDepth } from './claims.ts'

const claim = ipvlanInDepth.claim('E9')
type Node = Pick<Hosts<'node'>, 'node'>

// Flags belong to the parent as the mode does, and `ip link set` changes them for all children. In l2 a broadcast is given to the
// siblings in any case: the ARP request is heard, and it is the unicast answer that private drops and vepa leaves to the switch.
scenario(ipvlanL2, 'children with flag private do not reach each other', { claim, when: 'flag private' })
  .expect({ node1ns: { node1ns2: reached } })
  .until(
    'the parent is private',
    (hosts) => setFlag(hosts, 'private'),
    (hosts) => setFlag(hosts, 'bridge'),
  )
  .expect({ node1ns: { node1ns2: blocked('private-mode', { at: 'node ens10' }) } })
  .andBack()

scenario(ipvlanL2, 'children with flag vepa need a reflecting switch', { claim, when: 'flag vepa' })
  .expect({ node1ns: { node1ns2: reached } })
  .until(
    'the parent is vepa',
    (hosts) => setFlag(hosts, 'vepa'),
    (hosts) => setFlag(hosts, 'bridge'),
  )
  .expect({ node1ns: { node1ns2: blocked('vepa-not-reflected', { at: 'wire:second node-ens10' }) } })
  .andBack()

// What comes in for a child passes the host's INPUT hook in l3s (ipvlan_nf_input), and by l3 it does not.
const rule = 'the host drops what comes in for 192.168.100.201'

scenario(ipvlanL3, 'in l3s the host’s netfilter sees what its children receive', {
  claim,
  when: 'mode l3s',
  needs: ['tool:nft'],
})
  .given('the parent is in l3s', ({ node: { $ } }) => $`ip netns exec node2ns ip link set eth0 type ipvlan mode l3s`)
  .given('outside has a way to the children', wayIn)
  .expect({ beside: { node2ns: reached } })
  .until(rule, dropInput, ({ node: { $ } }) => $`nft delete table ip guard`)
  .expect({ beside: { node2ns: blocked('netfilter-drop', { at: 'node' }) } })
  .andBack()

scenario(ipvlanL3, 'in l3 the host’s netfilter does not', { claim, when: 'mode l3', needs: ['tool:nft'] })
  .given('outside has a way to the children', wayIn)
  .given(rule, dropInput)
  .expect({ beside: { node2ns: reached } })

async function setFlag({ node: { $ } }: Node, flag: 'bridge' | 'private' | 'vepa'): Promise<void> {
  await $`ip netns exec node1ns ip link set eth0 type ipvlan mode l2 ${flag}`
}

async function wayIn({ node, beside }: Hosts<'node' | 'beside'>): Promise<void> {
  await node.$`ip addr add 172.18.23.10/24 dev ens10`
  await beside.$`ip route add 192.168.100.0/24 via 172.18.23.10`
}

async function dropInput({ node: { $ } }: Node): Promise<void> {
  await $`nft add table ip guard`
  await $`nft add chain ip guard input ${'{ type filter hook input priority 0; }'}`
  await $`nft add rule ip guard input ip daddr 192.168.100.201 drop`
}
