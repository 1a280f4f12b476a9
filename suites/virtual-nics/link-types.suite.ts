import { reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { linkTypes } from '../../fixtures/topologies/link-types.ts'
import { virtualNics } from './claims.ts'

const claim = virtualNics.claim('B1')

/**
 * What each type of the manual page needs beside its name: a device to sit on, arguments, or both. Types that carry a
 * packet on this suite's wires have a suite of their own (link-pairs).
 */
const types: Readonly<Record<string, string>> = {
  bond: 'name new0 type bond',
  can: 'name new0 type can',
  dummy: 'name new0 type dummy',
  geneve: 'name new0 type geneve id 42 remote 192.168.0.1',
  gre: 'name new0 type gre local 192.168.0.171 remote 192.168.0.1',
  gretap: 'name new0 type gretap local 192.168.0.171 remote 192.168.0.1',
  hsr: 'name new0 type hsr slave1 end1 slave2 end2',
  ifb: 'name new0 type ifb',
  ip6gre: 'name new0 type ip6gre local fd00::1 remote fd00::2',
  ip6gretap: 'name new0 type ip6gretap local fd00::1 remote fd00::2',
  ip6tnl: 'name new0 type ip6tnl local fd00::1 remote fd00::2',
  ipip: 'name new0 type ipip local 192.168.0.171 remote 192.168.0.1',
  ipoib: 'link eth0 name new0 type ipoib',
  ipvlan: 'link eth0 name new0 type ipvlan',
  lowpan: 'link eth0 name new0 type lowpan',
  macsec: 'link eth0 name new0 type macsec',
  nlmon: 'name new0 type nlmon',
  sit: 'name new0 type sit local 192.168.0.171 remote 192.168.0.1',
  vcan: 'name new0 type vcan',
  vlan: 'link eth0 name new0 type vlan id 42',
  vrf: 'name new0 type vrf table 42',
  vti: 'name new0 type vti local 192.168.0.171 remote 192.168.0.1 key 1',
}

for (const [type, words] of Object.entries(types)) {
  scenario(linkTypes, `${type} devices can be created`, { claim, when: type, needs: [`link:${type}`] })
    .finding(`ip link add ${words}`, async ({ hosts, graph }) => {
      const { $ } = hosts.host
      if (type === 'hsr') await $`ip link add end1 type veth peer name end2`
      const made = await $({ nothrow: true })`ip link add ${words.split(' ')}`
      const device = (await graph()).namespaces.flatMap((ns) => ns.interfaces).find((i) => i.name === 'new0')
      const found = device === undefined ? made.stderr.trim() : `${device.name}: ${device.kind}, MTU ${device.mtu}`
      return { holds: device?.kind === type, found }
    })
    .expect({ host: { outside: reached } })
}

// The manual page's synopsis does not say which of its options a type cannot do without.
scenario(linkTypes, 'vxlan needs an id', { claim, when: 'vxlan without an id', needs: ['link:vxlan'] })
  .finding(
    'ip link add name new0 type vxlan',
    async ({ hosts }) => {
      const made = await hosts.host.$({ nothrow: true })`ip link add name new0 type vxlan`
      return { holds: made.exitCode === 0, found: made.stderr.trim() }
    },
    { expected: false, documentSays: true },
  )
  .expect({ host: { outside: reached } })
