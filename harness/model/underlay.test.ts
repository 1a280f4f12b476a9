import { describe, expect, expectTypeOf, test } from 'vitest'
import type { UnderlaySpec } from './underlay-spec.ts'
import { underlay, type HostNames, type Underlay, type WireNames } from './underlay.ts'

const office = underlay()
  .wire('lan', '192.168.0.0/16 fd00:a::/64', { hairpin: true })
  .wire('office', '10.8.0.0/16')
  .host('node1', { ens160: 'lan 192.168.179.9/16 FD00:A:0::9/64' }, { routes: ['default via 192.168.1.1'] })
  .host('node2', { ens160: 'lan 192.168.179.10/16', ens192: 'lan' })
  .router('gw', { eth0: 'lan 192.168.1.1/16', eth1: 'office 10.8.0.1/16' })
  .client('client', { eth0: 'office 10.8.0.241/16' }, { routes: ['192.168.0.0/16 via 10.8.0.1 dev eth0'] })

test('is plain data', () => {
  expect(office.spec).toEqual({
    wires: [
      {
        name: 'lan',
        prefixes: [
          { family: 4, address: '192.168.0.0', prefix: 16 },
          { family: 6, address: 'fd00:a::', prefix: 64 },
        ],
        hairpin: true,
      },
      { name: 'office', prefixes: [{ family: 4, address: '10.8.0.0', prefix: 16 }], hairpin: false },
    ],
    hosts: [
      {
        name: 'node1',
        role: 'host',
        nics: [
          {
            name: 'ens160',
            wire: 'lan',
            addresses: [
              { family: 4, address: '192.168.179.9', prefix: 16 },
              { family: 6, address: 'fd00:a::9', prefix: 64 },
            ],
            mac: '02:00:00:00:01:01',
          },
        ],
        routes: [{ family: 4, to: 'default', via: '192.168.1.1' }],
      },
      {
        name: 'node2',
        role: 'host',
        nics: [
          {
            name: 'ens160',
            wire: 'lan',
            addresses: [{ family: 4, address: '192.168.179.10', prefix: 16 }],
            mac: '02:00:00:00:02:01',
          },
          { name: 'ens192', wire: 'lan', addresses: [], mac: '02:00:00:00:02:02' },
        ],
        routes: [],
      },
      {
        name: 'gw',
        role: 'router',
        nics: [
          {
            name: 'eth0',
            wire: 'lan',
            addresses: [{ family: 4, address: '192.168.1.1', prefix: 16 }],
            mac: '02:00:00:00:03:01',
          },
          {
            name: 'eth1',
            wire: 'office',
            addresses: [{ family: 4, address: '10.8.0.1', prefix: 16 }],
            mac: '02:00:00:00:03:02',
          },
        ],
        routes: [],
      },
      {
        name: 'client',
        role: 'client',
        nics: [
          {
            name: 'eth0',
            wire: 'office',
            addresses: [{ family: 4, address: '10.8.0.241', prefix: 16 }],
            mac: '02:00:00:00:04:01',
          },
        ],
        routes: [{ family: 4, to: '192.168.0.0/16', via: '10.8.0.1', dev: 'eth0' }],
      },
    ],
  })
  expect(JSON.parse(JSON.stringify(office.spec))).toEqual(office.spec)
})

test('a step leaves the underlay it began from as it was', () => {
  const lan = underlay().wire('lan', '10.0.0.0/24')
  const one = lan.host('a', { eth0: 'lan 10.0.0.1/24' })
  const other = lan.host('b', { eth0: 'lan 10.0.0.1/24' })
  expect(lan.spec.hosts).toEqual([])
  expect([one, other].map(({ spec }) => spec.hosts.map((host) => host.name))).toEqual([['a'], ['b']])
})

describe('names are types', () => {
  test('of hosts and wires', () => {
    expectTypeOf<HostNames<typeof office>>().toEqualTypeOf<'node1' | 'node2' | 'gw' | 'client'>()
    expectTypeOf<WireNames<typeof office>>().toEqualTypeOf<'lan' | 'office'>()
    expectTypeOf(underlay().spec.hosts).items.toHaveProperty('name').toEqualTypeOf<never>()
  })

  test('which a function over any underlay can take up', () => {
    function hostsOf<const U extends { readonly spec: UnderlaySpec }>(
      from: U,
      build: (hosts: { readonly [Name in HostNames<U>]: Name }) => string,
    ) {
      return build(
        Object.fromEntries(from.spec.hosts.map(({ name }) => [name, name])) as {
          readonly [Name in HostNames<U>]: Name
        },
      )
    }
    expect(hostsOf(office, ({ node1, client }) => `${node1} ${client}`)).toBe('node1 client')
    // @ts-expect-error: there is no node3
    hostsOf(office, ({ node3 }) => String(node3))
    expectTypeOf(office).toExtend<Underlay>()
    expectTypeOf(underlay()).toExtend<Underlay>()
  })

  test('so a NIC on an unknown wire does not compile', () => {
    const lan = underlay().wire('lan', '10.0.0.0/24')
    // @ts-expect-error: there is no wire lna
    expect(() => lan.host('a', { eth0: 'lna 10.0.0.1/24' })).toThrow('NETWRIGHT_UNKNOWN_WIRE')
    // @ts-expect-error: a wire is declared before its NICs
    expect(() => underlay().host('a', { eth0: 'lan 10.0.0.1/24' })).toThrow('No wire is declared yet.')
    // @ts-expect-error: an address, and no wire
    expect(() => lan.router('a', { eth0: '10.0.0.1/24' })).toThrow('NETWRIGHT_UNKNOWN_WIRE')
    // @ts-expect-error: wires count, hosts do not
    expect(() => lan.host('a', {}).client('b', { eth0: 'a' })).toThrow('NETWRIGHT_UNKNOWN_WIRE')
  })

  test('and neither does a name that is taken', () => {
    const lan = underlay().wire('lan', '10.0.0.0/24').host('a', {})
    // @ts-expect-error: "a" is declared already
    expect(() => lan.host('a', {})).toThrow('NETWRIGHT_DUPLICATE_NAME')
    // @ts-expect-error: "lan" is declared already
    expect(() => lan.wire('lan')).toThrow('NETWRIGHT_DUPLICATE_NAME')
    // @ts-expect-error: "lan" is a wire
    expect(() => lan.client('lan', {})).toThrow('NETWRIGHT_DUPLICATE_NAME')
  })

  test('while names that are computed are checked as they come', () => {
    const names: string[] = ['a', 'b', 'a']
    const lan: Underlay = underlay().wire('lan', '10.0.0.0/24')
    expect(() => names.reduce((grown, name) => grown.host(name, { eth0: 'lan' }), lan)).toThrow(
      '"a" is declared already, as a host',
    )
  })
})

describe('errors come before anything is built', () => {
  const lan: Underlay = underlay().wire('lan', '192.168.0.0/16 fd00:a::/64').wire('wan', '10.8.0.0/16')

  test('a wire that nobody declared', () => {
    expect(() => lan.host('node1', { ens160: 'lna 192.168.179.9/16' })).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: there is no wire "lna" [NETWRIGHT_UNKNOWN_WIRE]
        where: host node1, NIC ens160
        next: Did you mean "lan"? There are: lan, wan.]
    `)
  })

  test('an address outside its wire', () => {
    expect(() => lan.host('node1', { ens160: 'lan 10.8.0.9/16' })).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: 10.8.0.9/16 is outside wire lan [NETWRIGHT_ADDRESS_OUTSIDE_WIRE]
        where: host node1, NIC ens160
        next: Take an address of 192.168.0.0/16, fd00:a::/64, or give the wire another prefix.]
    `)
    expect(() => lan.host('node1', { ens160: 'wan fd00:a::9/64' })).toThrow('NETWRIGHT_ADDRESS_OUTSIDE_WIRE')
  })

  test('an address that two NICs have', () => {
    const taken = lan.host('node1', { ens160: 'lan fd00:a::9/64' })
    expect(() => taken.host('node2', { ens160: 'lan fd00:a:0::9/64' })).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: fd00:a::9 is given twice: to host node1, NIC ens160 and to host node2, NIC ens160 [NETWRIGHT_DUPLICATE_ADDRESS]
        where: host node2, NIC ens160
        next: Change one of them.]
    `)
    expect(() => lan.host('node1', { ens160: 'lan 192.168.0.9/16 192.168.0.9/24' })).toThrow(
      'NETWRIGHT_DUPLICATE_ADDRESS',
    )
  })

  test('a name that is taken', () => {
    expect(() => lan.host('node1', {}).router('node1', {})).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: "node1" is declared already, as a host [NETWRIGHT_DUPLICATE_NAME]
        where: underlay
        next: Hosts and wires share one set of names: rename one of them.]
    `)
  })

  test('a name that would be one variable with another, in reports and reproducers', () => {
    const variable = underlay().wire('lan').host('n-1', {})
    expect(() => variable.host('n_1', {})).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: host "n_1" and host "n-1" would both be $NS_n_1 [NETWRIGHT_DUPLICATE_NAME]
        where: underlay
        next: Commands in reports and reproducers name hosts by such variables: rename one of them.]
    `)
    expect(() => variable.host('wire_lan', {})).toThrow('host "wire_lan" and wire "lan" would both be $NS_wire_lan')
    expect(() => underlay().host('wire-a.b', {}).wire('a-b')).toThrow('NETWRIGHT_DUPLICATE_NAME')
    expect(() => variable.host('sandbox', {})).toThrow('"sandbox" and the sandbox itself would be $NS_sandbox')
  })

  test.each([
    ['lan 192.168.179.9', 'the prefix length is missing'],
    ['lan 192.168/16', 'an IPv4 address has four parts'],
    ['lan 192.168.0.0/16', '192.168.0.0/16 is the network address of wire lan (192.168.0.0/16)'],
    ['lan 192.168.255.255/16', '192.168.255.255/16 is the broadcast address of wire lan (192.168.0.0/16)'],
    ['lan 192.168.7.255/24', '192.168.7.255/24 is the broadcast address of its own prefix (192.168.7.0/24)'],
    ['lan fd00:a::/64', 'fd00:a::/64 is the network address of wire lan (fd00:a::/64)'],
    ['lan 224.0.0.1/4', 'cannot be the address of a NIC: multicast'],
    ['lan ::1/128', 'cannot be the address of a NIC: loopback'],
    ['', 'there is no wire ""'],
  ])('NIC %j: %s', (nic, problem) => {
    expect(() => lan.host('node1', { ens160: nic })).toThrow(problem)
  })

  test.each([
    ['a name that the kernel refuses', () => lan.host('node1', { 'eth0:1': 'lan' }), 'host node1'],
    ['lo', () => lan.host('node1', { lo: 'lan' }), 'every host has a "lo" already'],
    ['a host with a slash', () => lan.host('node/1', {}), '"node/1" cannot be the name of a host'],
    ['a host like an address', () => lan.client('10.8.0.1', {}), 'it could be taken for an address'],
    ['a wire with a space', () => lan.wire('my lan'), '"my lan" cannot be the name of a wire'],
  ])('%s', (_, declare, problem) => {
    expect(declare).toThrow(problem)
    expect(declare).toThrow('NETWRIGHT_BAD_NAME')
  })

  test('a wire whose subnet has host bits', () => {
    expect(() => lan.wire('w', '10.0.0.1/24')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: 10.0.0.1/24 is not a subnet: host bits are set [NETWRIGHT_BAD_ADDRESS]
        where: wire w
        next: Did you mean 10.0.0.0/24?]
    `)
  })
})

test('what looks odd and is sound', () => {
  const odd = underlay()
    .wire('p2p', '10.0.0.0/31 fd00::/127')
    .wire('bare')
    .wire('single', '10.9.9.9/32')
    .host('a', { eth0: 'p2p 10.0.0.0/31 fd00::/127 fe80::1/64', eth1: 'bare 172.16.0.1/12' })
    .host('b', { 'mac1@eth0': 'p2p  10.0.0.1/31\n fe80::2/64', eth1: 'bare fe80::1/64', eth2: 'single 10.9.9.9/32' })
    .host('alone', {})
  expect(odd.spec.hosts.map((host) => host.nics.map((nic) => nic.addresses.length))).toEqual([[3, 1], [2, 1, 1], []])
})
