import { document } from 'netwright'

/** "Macvlan 网络方案实践": macvlan bridge children on two nodes of one LAN, and a client behind the gateway. */
export const macvlanInAction = document('macvlan-in-action', 'Macvlan 网络方案实践', {
  A1: 'an error of `modprobe macvlan` or an empty answer of `lsmod | grep macvlan` means that the kernel has no macvlan',
  A2: '`ip -d link` shows a fresh child as `macvlan mode bridge`, and it is DOWN',
  A3: 'ns1 and ns2 on one parent reach each other, both ways',
  A4: 'ns1 on node1 reaches node2',
  A5: 'after `ip link set dev mac1 up` on node2, ns1 on node1 reaches ns1 on node2',
  A6: 'an outside client reaches ns1 only once ns1 has a default route',
  A7: 'ns1 does not reach its own node until mac0, a macvlan child of the node, takes over the node’s address',
  A8: 'with ens160 down, all its sub-interfaces stop working',
  A9: 'ens160 has to be promiscuous',
  A10: 'kernels 3.9 to 3.19 and 4.0 or newer have macvlan: Ubuntu from 13.10, RHEL from 7.0, Fedora from 19, Debian from 8 (tried on the machine at hand only)',
})
