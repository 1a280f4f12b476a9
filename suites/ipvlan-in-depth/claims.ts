import { document } from 'netwright'

/** "IPVlan 详解": ipvlan l2 and l3 on a second NIC, three ways to the host, and the driver's flags. */
export const ipvlanInDepth = document('ipvlan-in-depth', 'IPVlan 详解', {
  E1: 'l2 children .101 and .102 of ens10 reach each other, both ways',
  E2: 'with 192.168.100.1/24 on ens10 and a default route by it, l2 children and the host 172.18.22.114 reach each other',
  E3: 'with 192.168.100.1/32 on a child of the host and /32 routes, l2 children and the host reach each other',
  E4: 'with 172.18.22.114/32 on a child of the host and 172.18.22.0/24 routed by eth0, l2 children and the host reach each other',
  E5: 'by methods 1 and 2 children leave by ens3 and need SNAT; by method 3 they leave by ens10 directly',
  E6: 'children .100.201, created in mode l3, and .200.201, created in mode l2 on the same parent, reach each other in l3',
  E7: 'with 172.18.22.115/32 on a child of the host and routes, l3 children and the host reach each other',
  E8: 'l3 children reach the outside only with a return route by the host’s address, as they never answer ARP',
  E9: 'flag private drops frames between children, flag vepa never switches locally; l3s passes the host’s netfilter; children get multicast in l2 and none in l3',
})
