import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { reflect, reflectingSwitch } from '../../fixtures/topologies/reflecting-switch.ts'
import { beyond } from './claims.ts'

const isolated = blocked('macvlan-parent-isolation', { at: 'rack/node eth0' })

// One setting at the switch decides for a node that nobody touches. It undoes the isolation of the parent as well.
scenario(reflectingSwitch, 'vepa children talk from the moment the switch reflects', {
  claim: beyond.claim('reflection'),
})
  .expect({
    ns1: { ns2: blocked('vepa-not-reflected', { at: 'rack/node eth0' }), outside: reached, node: isolated },
    node: { ns1: isolated },
  })
  .until(
    'the switch port reflects',
    (hosts) => reflect(hosts, 'on'),
    (hosts) => reflect(hosts, 'off'),
  )
  .expect({ ns1: { ns2: reached, outside: reached, node: reached }, node: { ns1: reached } })
  .andBack()
