import { accepted, blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

// The mode is looked at per frame, so a change needs no restart, and concerns only the child that it is asked of.
scenario(macvlanChildren('bridge'), 'a child that is made private stops talking at once', {
  claim: beyond.claim('mode-change'),
})
  .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } })
  .until(
    'mac1 is made private',
    ({ host: { $ } }) => $`ip netns exec ns1 ip link set dev mac1 type macvlan mode private`,
    ({ host: { $ } }) => $`ip netns exec ns1 ip link set dev mac1 type macvlan mode bridge`,
  )
  .expect({
    ns1: { ns2: blocked('private-mode', { at: 'host eth0' }), outside: reached },
    ns2: { ns1: blocked('private-mode', { at: 'host eth0' }) },
  })
  .andBack()
  .finding(
    'ip link set dev mac1 type macvlan mode passthru',
    ({ hosts: { host } }) =>
      accepted(host.$`ip netns exec ns1 ip link set dev mac1 type macvlan mode passthru`, /Invalid argument/),
    { expected: false, documentSays: false },
  )
