import { document } from 'netwright'

/** What "虚拟网卡解析" (virtual NICs explained) shows or claims, row by row. */
export const virtualNics = document('virtual-nics', '虚拟网卡解析', {
  B1: 'Every link type of `man ip link` can be created',
  B2: 'Two macvlan children in bridge mode reach each other and not their host, each with a MAC address of its own',
  B3: 'A macvlan child of the host’s own, with /32 routes through it, lets the namespaces reach the host',
  B4: 'bridge: children talk, never to the parent. vepa: only by way of a reflecting switch. private: children never talk',
  B5: 'ipvlan l3: NOARP, one MAC for all, children reach each other and a child of the host, not the parent',
  B6: 'macvtap gives its frames to /dev/tapN instead of the network stack, and knows MAC addresses only',
  B7: 'tun: an application reads and writes layer-3 packets',
  B8: 'A dummy device can hold an address and answers locally',
  B9: 'DHCP over ipvlan needs a client id of its own for each child',
  B10: 'ipvlan needs kernel 3.19, and 4.2 is recommended (tried on the machine at hand only)',
  B11: '`ip netns del` and `ip link del` leave nothing',
})
