import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bridgedPods, kernelVswitchPods, userspaceVswitchPods } from '../../fixtures/topologies/pod-plugs.ts'
import { setCardDown, sriovPods } from '../../fixtures/topologies/sriov-pods.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

const claim = k8sIpvlanMacvlan.claim('D5')

// On a bridge everybody hears everybody, and the node is one of them: what macvlan and ipvlan children cannot reach.
const rows = {
  pod1: { pod2: reached, node1: reached, node2: reached },
  node1: { pod1: reached, pod2: reached, node2: reached },
  node2: { pod1: reached, pod2: reached },
} as const

scenario(bridgedPods, 'Pods on veth and a bridge reach each other, their node and the LAN', {
  claim,
  when: 'veth and bridge',
}).expect(rows)

scenario(userspaceVswitchPods, 'Pods on veth and Open vSwitch in user space reach each other, their node and the LAN', {
  claim,
  when: 'veth and Open vSwitch, datapath in user space',
}).expect(rows)

scenario(kernelVswitchPods, 'Pods on veth and Open vSwitch in the kernel reach each other, their node and the LAN', {
  claim,
  when: 'veth and Open vSwitch, datapath in the kernel',
}).expect(rows)

// The card is a switch of its own: unlike macvlan's parent, the node's own stack is one of its ports.
scenario(sriovPods, 'Pods on virtual functions of an SR-IOV card reach each other, their node and the LAN', {
  claim,
  when: 'SR-IOV',
}).expect(rows)

scenario(sriovPods, 'Pods on virtual functions have no carrier while the node has its card down', {
  claim,
  when: 'SR-IOV, and the card is down',
})
  .expect({ pod1: { pod2: reached } })
  .until(...setCardDown)
  .expect({ pod1: { pod2: blocked('link-down', { at: 'node1/pod1 eth0' }) } })
  .andBack()
