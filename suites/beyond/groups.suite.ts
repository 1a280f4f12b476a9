import { blocked, broadcast, multicast, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { childrenAreIn, macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('groups')
const over = [broadcast(5000), multicast(5000)]

// Frames for a group take another way through the driver than those for one MAC address: they are queued and copied to
// the children (macvlan_broadcast_enqueue), by rules per mode of their own. A step of its own for each target: whoever
// else listens would answer, too.
scenario(macvlanChildren('bridge'), 'bridge mode', { claim, when: 'bridge' })
  .expect({ ns1: { ns2: reached }, outside: { ns1: reached } }, { over })
  .expect({ ns1: { outside: reached } }, { over })
  .expect({ ns1: { host: blocked('macvlan-parent-isolation', { at: 'host eth0' }) } }, { over })
  .expect({ ns1: { ns2: reached } }, { over: multicast(5000), family: 6 })
scenario(macvlanChildren('private'), 'private mode', { claim, when: 'private' })
  .expect({ ns1: { ns2: blocked('private-mode', { at: 'host eth0' }) } }, { over })
  .expect({ ns1: { outside: reached }, outside: { ns1: reached } }, { over })
scenario(macvlanChildren('vepa'), 'vepa mode', { claim, when: 'vepa' })
  .expect({ ns1: { ns2: blocked('vepa-not-reflected', { at: 'wire:lan host-eth0' }) } }, { over })
  .expect({ ns1: { outside: reached }, outside: { ns1: reached } }, { over })
scenario(macvlanChildren('vepa', 'hairpin on'), 'vepa mode, reflected', { claim, when: 'vepa, hairpin on' })
  .expect({ ns1: { ns2: reached } }, { over })
  .expect({ ns1: { host: reached } }, { over })
  .finding('both children are in vepa mode', childrenAreIn('vepa'))
