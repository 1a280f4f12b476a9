import { document } from 'netwright'

/** "Linux网络虚拟化 ipvlan、macvlan": what Docker and Kubernetes plug containers with. */
export const k8sIpvlanMacvlan = document('k8s-ipvlan-macvlan', 'Linux网络虚拟化 ipvlan、macvlan', {
  D1: 'containers of two subnets of one Docker network of driver ipvlan in mode l3 reach each other, both ways',
  D2: 'ipvlan l3 children net1 192.168.10.135/24 and net2 192.168.20.136/24 without routes: the document leaves open whether they reach each other',
  D3: 'after `ifconfig ens32 promisc`, macvlan bridge children net1 192.168.163.135/24 and net2 .136/24 reach each other',
  D4: 'what Docker’s drivers bridge, host, overlay, ipvlan, macvlan and none connect and isolate',
  D5: 'a Pod is plugged in by veth and a bridge, by macvlan or ipvlan, or by SR-IOV',
  D6: 'flannel gives every node a subnet, and Pods of different nodes talk without NAT; host-gw needs nodes that share an L2 segment',
  D7: 'the runtime makes the namespace, the CNI plugin configures it, then the process starts',
})
