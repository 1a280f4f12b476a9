import { document } from 'netwright'

/** What the documents leave out: each row states what was found to be true. */
export const beyond = document('beyond', 'Beyond the documents', {
  passthru: 'A passthru child takes every frame of its parent, and is its only child',
  source: 'A child in source mode hears only the MAC addresses on its list',
  'parent-down': 'With its parent down a child has no carrier',
  'parent-deleted': 'Children vanish with their parent, wherever they are',
  'parent-moved': 'Children stay where they are when their parent moves to another namespace, and still work',
  'at-names': 'The @ that ip prints is no part of a name, unless the name was given with one',
  ipv6: 'Every mode treats IPv6 as it treats IPv4',
  transport: 'Every mode treats TCP and UDP as it treats ICMP',
  groups: 'Every mode treats broadcast and multicast as it treats unicast',
  'mode-change': 'A mode takes effect at once on children that are up',
  'bridge-parent': 'A bridge can be the parent of macvlan children, which its own ports reach',
  'parent-kinds':
    'A VLAN device, a bond, a bridge or a dummy can be the parent of macvlan and ipvlan children, which are as apart from its stack as on a NIC',
  mtu: 'A child’s MTU is at most its parent’s',
  'private-warm': 'Private children reach each other behind a reflecting switch if they know each other’s MAC address',
  'mixed-modes': 'Children of one parent can be in different modes',
  'duplicate-mac': 'No two children of one parent are up with the same MAC address',
  reflection: 'A switch that begins to reflect joins vepa children, and their parent’s own stack, at once',
  'ipvlan-flags':
    'Flag private keeps ipvlan children apart in every mode, flag vepa leaves them to the switch, and none lets them reach the parent’s own stack',
  'ipvlan-mode-change': 'An ipvlan mode takes effect at once on all children of the parent, whichever of them is asked',
  'ipvlan-duplicate': 'No two ipvlan children of one parent have the same address',
  'ipvlan-parent-deleted': 'ipvlan children vanish with their parent, wherever they are',
  'ipvlan-parent-moved':
    'l2 children of ipvlan stay where they are when their parent moves to another namespace, and still work',
  'path-mtu':
    'A child finds the MTU of a path by the notices of routers, as its peer does; without them large segments are lost, and small ones are not',
  'one-driver': 'A parent has macvlan or ipvlan children, not both',
})
