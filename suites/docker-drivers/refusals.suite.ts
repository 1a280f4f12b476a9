import { scenario } from 'netwright/vitest'
import { docker } from '../../fixtures/docker/api.ts'
import { dockerHost } from '../../fixtures/topologies/docker-networks.ts'
import { dockerDrivers } from './claims.ts'
import { network, refuses, refusesNetwork } from './refused.ts'

const { claim } = dockerDrivers
const anySubnet = '192.168.77.0/24'

// The engine looks at a parent's name alone: with a dot in it, it is a VLAN to be made.
scenario(dockerHost, 'a parent that is not there, and modes that drivers do not know', { claim: claim('mode') })
  .finding(
    'macvlan does not know the mode l2',
    refusesNetwork(
      network('macvlan', anySubnet, { parent: 'eth0', macvlan_mode: 'l2' }),
      /^requested macvlan mode 'l2' is not valid/,
    ),
  )
  .finding(
    'ipvlan does not know the mode l4',
    refusesNetwork(
      network('ipvlan', anySubnet, { parent: 'eth0', ipvlan_mode: 'l4' }),
      /^requested ipvlan mode 'l4' is not valid/,
    ),
  )
  .finding(
    'ipvlan does not know the flag open; before Docker 23 it knows no flags, and minds none',
    async (context) => {
      const version = await docker(context.hosts.node1).version()
      const { holds: isRefused, found } = await refusesNetwork(
        network('ipvlan', anySubnet, { parent: 'eth0', ipvlan_flag: 'open' }),
        /^requested ipvlan flag 'open' is not valid/,
      )(context)
      return { holds: isRefused === Number(version.split('.')[0]) >= 23, found: `Docker ${version}: ${found}` }
    },
  )

scenario(dockerHost, 'parents that are not there', { claim: claim('parent') })
  .finding(
    'a parent that does not exist is taken for the misspelt name of a VLAN',
    refusesNetwork(network('macvlan', anySubnet, { parent: 'nosuch' }), /^invalid subinterface vlan name nosuch/),
  )
  .finding(
    'a VLAN of a device that does not exist is refused',
    refusesNetwork(
      network('ipvlan', anySubnet, { parent: 'nosuch.10' }),
      /^-o parent interface .*was not found on the host: nosuch$/,
    ),
  )
  .finding(
    'lo is no parent',
    refusesNetwork(
      network('macvlan', anySubnet, { parent: 'lo' }),
      /^loopback interface is not a valid macvlan parent/,
    ),
  )

scenario(dockerHost, 'subnets and addresses', { claim: claim('addresses') })
  .finding('a subnet of another network is refused, whatever its driver', async (context) => {
    await docker(context.hosts.node1).createNetwork('mv', network('macvlan', '192.168.1.0/24', { parent: 'eth0' }))
    return refusesNetwork(
      network('bridge', '192.168.1.0/24'),
      /Pool overlaps with other one on this address space$/,
    )(context)
  })
  .finding(
    'so is a part of it',
    refusesNetwork(network('macvlan', '192.168.1.128/25', { parent: 'eth0' }), /Pool overlaps with other one/),
  )
  .finding(
    'a gateway beyond the subnet is refused',
    refusesNetwork(
      { Driver: 'bridge', IPAM: { Config: [{ Subnet: anySubnet, Gateway: '10.0.0.1' }] } },
      /parent subnet 192\.168\.77\.0\/24 doesn't contain this address|Requested address is out of range/,
    ),
  )
  .finding('a container’s address beyond the subnet is refused, when it is made or when it starts', async (context) => {
    const engine = docker(context.hosts.node1)
    const made = await refuses(
      '/containers/create?name=c1',
      {
        Image: 'host-programs',
        Cmd: ['sleep', 'infinity'],
        HostConfig: { NetworkMode: 'mv', Binds: ['/usr:/usr:ro'] },
        NetworkingConfig: { EndpointsConfig: { mv: { IPAMConfig: { IPv4Address: '192.168.9.9' } } } },
      },
      /no configured subnet or ip-range contain the IP address 192\.168\.9\.9/,
    )(context)
    if (made.holds) return made
    const { status, message } = await engine.refusal('/containers/c1/start', {})
    return { holds: message.includes('does not belong to any of this network'), found: `${String(status)} ${message}` }
  })

scenario(dockerHost, 'an address of the LAN', { claim: claim('lan-addresses') }).finding(
  'a container gets the address of its own host, and starts',
  async ({ hosts: { node1 } }) => {
    const engine = docker(node1)
    await engine.createNetwork('mv', network('macvlan', '192.168.1.0/24', { parent: 'eth0' }))
    await engine.run('c1', 'mv', '192.168.1.10')
    const { stdout } = await node1.$`ip -n c1 -br -4 address show dev eth0`
    return { holds: stdout.includes('192.168.1.10/24'), found: stdout.trim() }
  },
)

scenario(dockerHost, 'host, none and overlay', { claim: claim('single') })
  .finding(
    'a second network of driver host is refused',
    refusesNetwork({ Driver: 'host' }, /^only one instance of "host" network is allowed$/),
  )
  .finding(
    'a second network of driver null is refused',
    refusesNetwork({ Driver: 'null' }, /^only one instance of "null" network is allowed$/),
  )
  .finding('a container of none is in no other network', async (context) => {
    const engine = docker(context.hosts.node1)
    await engine.createNetwork('blue', network('bridge', anySubnet))
    await engine.createContainer('lonely', 'none')
    await engine.ask('POST', '/containers/lonely/start')
    return refuses(
      '/networks/blue/connect',
      { Container: 'lonely' },
      /one of the networks in private \(none\) mode/,
    )(context)
  })

scenario(dockerHost, 'an overlay network without a swarm', { claim: claim('swarm') }).finding(
  'it is refused',
  refusesNetwork(network('overlay', anySubnet), /^This node is not a swarm manager/),
)
