import { document } from 'netwright'

/** What Docker's network drivers refuse, and what they let pass: each row states what was found to be true. */
export const dockerDrivers = document('docker-drivers', 'Docker’s network drivers', {
  parent: 'A parent that does not exist is refused, unless it is to be a VLAN of one that does',
  'no-parent':
    'A macvlan or ipvlan network without a parent is an island: its containers reach each other and nobody else',
  mode: 'A mode or flag that a driver does not know is refused',
  addresses: 'Subnets that overlap those of other networks, and addresses beyond a network’s own, are refused',
  'lan-addresses': 'The engine does not ask the LAN whether an address is taken',
  'shared-parent': 'Two ipvlan networks never share a parent; two macvlan networks do since Docker 28',
  'two-drivers': 'A macvlan and an ipvlan network can have one parent, and containers of only one of them run',
  single: 'There is one network of driver host and one of driver null, and a container of theirs is in no other',
  swarm: 'An overlay network needs a swarm',
})
