import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { mixedChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('mixed-modes')

// The less sociable mode of two siblings decides: one in bridge mode hands frames only to others in bridge mode.
scenario(mixedChildren('bridge', 'private'), 'bridge beside private', { claim }).expect({
  ns1: { ns2: blocked('private-mode'), outside: reached },
  ns2: { ns1: blocked('private-mode'), outside: reached },
})
scenario(mixedChildren('bridge', 'vepa'), 'bridge beside vepa', { claim }).expect({
  ns1: { ns2: blocked('vepa-not-reflected'), outside: reached },
  ns2: { ns1: blocked('vepa-not-reflected'), outside: reached },
})
