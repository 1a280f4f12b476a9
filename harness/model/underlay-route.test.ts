import { describe, expect, test } from 'vitest'
import type { RouteSpec } from './underlay-spec.ts'
import { underlay } from './underlay.ts'

function route(text: string): RouteSpec | undefined {
  return underlay()
    .wire('lan', '192.168.0.0/16 fd00:a::/64')
    .wire('office', '10.8.0.0/16')
    .host('gw', { eth0: 'lan 192.168.1.1/24 fd00:a::1/64', eth1: 'office 10.8.0.1/16' }, { routes: [text] }).spec
    .hosts[0]?.routes[0]
}

describe('a route', () => {
  test.each<[string, RouteSpec]>([
    ['default via 192.168.1.7', { family: 4, to: 'default', via: '192.168.1.7' }],
    ['default dev eth1', { family: 4, to: 'default', dev: 'eth1' }],
    ['default via fd00:A::7', { family: 6, to: 'default', via: 'fd00:a::7' }],
    ['::/0 dev eth0', { family: 6, to: 'default', dev: 'eth0' }],
    ['default via fe80::1 dev eth0', { family: 6, to: 'default', via: 'fe80::1', dev: 'eth0' }],
    ['172.16.0.0/12 dev eth1 via 10.8.0.9', { family: 4, to: '172.16.0.0/12', via: '10.8.0.9', dev: 'eth1' }],
    ['10.9.9.9  via 10.8.0.9', { family: 4, to: '10.9.9.9/32', via: '10.8.0.9' }],
    ['fd00::9 dev eth0', { family: 6, to: 'fd00::9/128', dev: 'eth0' }],
  ])('%s', (text, expected) => {
    expect(route(text)).toEqual(expected)
  })

  test.each([
    ['', 'the route leads nowhere'],
    ['default', 'the route leads nowhere'],
    ['default via', 'cannot read the route from "via" on'],
    ['default via 10.8.0.9 metric 5', 'cannot read the route from "metric 5" on'],
    ['default via 10.8.0.9 via 10.8.0.8', 'cannot read the route from "via 10.8.0.8" on'],
    ['10.9.9.9/24 via 10.8.0.9', 'Did you mean 10.9.9.0/24?'],
    ['10.9/16 via 10.8.0.9', 'an IPv4 address has four parts'],
    ['fd00::/64 via 10.8.0.9', 'the gateway 10.8.0.9 is not IPv6'],
    ['default via 10.8.0.9/16', '"10.8.0.9/16" is not an address'],
    ['default via 10.8.0.1', 'the gateway 10.8.0.1 is the host itself'],
    ['default via 192.168.1.7 dev eth1', 'the gateway 192.168.1.7 is not reachable on eth1'],
    ['default via 192.168.2.7', 'the gateway 192.168.2.7 is on no wire of this host'],
    ['default via fe80::1', 'Add "dev NIC"'],
    ['default dev eth3', 'there is no NIC "eth3"'],
  ])('%j: %s', (text, problem) => {
    expect(() => route(text)).toThrow(problem)
  })

  test('names the host, the route and what would do', () => {
    expect(() => route('default via 172.16.0.1')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: the gateway 172.16.0.1 is on no wire of this host [NETWRIGHT_BAD_ADDRESS]
        where: host gw, route "default via 172.16.0.1"
        next: Take a gateway in the subnet of: 192.168.1.1/24 on eth0, fd00:a::1/64 on eth0, 10.8.0.1/16 on eth1.]
    `)
    expect(() => route('default dev eht1')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: there is no NIC "eht1" [NETWRIGHT_BAD_NAME]
        where: host gw, route "default dev eht1"
        next: Did you mean "eth1"? There are: eth0, eth1.]
    `)
  })

  test('needs a NIC with an address', () => {
    const bare = underlay().wire('lan')
    expect(() => bare.host('a', { eth0: 'lan' }, { routes: ['default via 10.0.0.1'] })).toThrow('the host has none')
  })
})
