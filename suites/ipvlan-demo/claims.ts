import { document } from 'netwright'

/** "IPvlan 简介 + Demo": two l3 children of different subnets on one parent. */
export const ipvlanDemoDocument = document('ipvlan-demo', 'IPvlan 简介 + Demo', {
  C1: 'l3 children of two subnets reach each other only once both have a default route by their own device',
  C2: 'in both namespaces lo is DOWN; the children are NOARP, share one MAC address and have different IPv6 link-local addresses',
  C3: 'a parent runs all its children in a single mode',
  C4: 'in a Docker ipvlan network each container has its own address, without NAT',
  C5: 'routes to l3 children can be advertised beyond the host, as by BGP (tried with BIRD, not with FRR)',
})
