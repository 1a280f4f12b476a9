import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const stopped = blocked('link-down', { at: 'host eth0' })

// For IPv6 as well, though the two families do not lose the same: a parent that goes down forgets its global IPv6
// addresses (keep_addr_on_down is 0), its children, which are not down but without carrier, keep theirs.
scenario(macvlanChildren('bridge'), 'no child has a carrier with its parent down', {
  claim: beyond.claim('parent-down'),
})
  .expect({ ns1: { ns2: reached }, outside: { ns1: reached } }, { family: [4, 6] })
  .until(
    'the parent is set down',
    ({ host: { $ } }) => $`ip link set eth0 down`,
    ({ host: { $ } }) => $`ip link set eth0 up`,
  )
  .expect({ ns1: { ns2: stopped }, outside: { ns1: stopped } }, { family: [4, 6] })
  .andBack()
  .finding(
    'the parent still has its IPv6 address',
    async ({ graph }) => {
      const parent = (await graph()).namespaces
        .find((ns) => ns.id === 'host')
        ?.interfaces.find((i) => i.name === 'eth0')
      const addresses = parent?.addresses.map((a) => a.address) ?? []
      return { holds: addresses.includes('fd00:b::171'), found: addresses.join(', ') }
    },
    { expected: false, documentSays: false },
  )
