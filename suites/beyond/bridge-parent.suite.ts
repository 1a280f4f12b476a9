import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bridgeParent } from '../../fixtures/topologies/bridge-parent.ts'
import { beyond } from './claims.ts'

const isolated = blocked('macvlan-parent-isolation', { at: 'host br0' })

// A child on a bridge sends as the host itself would: its frames go out of the ports, to the LAN and to containers on
// veth pairs alike, and pass by the one stack that owns the bridge.
scenario(bridgeParent, 'children on a bridge reach its ports, not its host', {
  claim: beyond.claim('bridge-parent'),
}).expect({
  ns1: { ns2: reached, ns3: reached, outside: reached, host: isolated },
  ns3: { ns1: reached, host: reached, outside: reached },
  outside: { ns1: reached, ns3: reached, host: reached },
  host: { ns1: isolated, ns3: reached },
})
