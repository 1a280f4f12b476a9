import fc from 'fast-check'
import { isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  broadcastOf,
  cidrText,
  contains,
  familyOf,
  fromBytes,
  networkOf,
  parseAddress,
  parseCidr,
  rangeOf,
  roleInSubnet,
  sameSubnet,
  toBytes,
} from './addresses.ts'

describe('one text form, as inet_ntop(3) writes it', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['FD00:0:0:0::000A', 'fd00::a'],
    ['fe80:0:0:1:0:0:0:1', 'fe80:0:0:1::1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::', '::'],
    ['::1', '::1'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is %s', (written, address) => {
    expect(parseAddress(written).address).toBe(address)
  })

  test('bytes and text are the same thing', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((low) => Uint8Array.of(...new Uint8Array(12), ...low)),
    )
    fc.assert(
      fc.property(bytes, (original) => {
        const text = fromBytes(original)
        expect([...toBytes(text)]).toEqual([...original])
        expect(parseAddress(text).address).toBe(text)
      }),
    )
    expect(() => fromBytes(new Uint8Array(5))).toThrow('4 or 16 bytes')
  })

  test('what it takes is what inet_pton(3) takes, without zones', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('0129af:.%/x')), maxLength: 20 })
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (candidate) => {
        const expected = candidate.includes('%') ? 0 : isIP(candidate)
        expect(familyOf(candidate) ?? 0).toBe(expected)
      }),
    )
  })
})

describe('what ipaddr.js takes and a reader would misread', () => {
  test.each([
    ['10.1/16', 'an IPv4 address has four parts'],
    ['010.1.1.1/24', 'leading zeroes mean octal'],
    ['0x0a.1.1.1/24', 'it is neither IPv4 nor IPv6'],
    ['167772161/8', 'an IPv4 address has four parts'],
    ['10.0.0.300/24', 'a part is above 255'],
    ['fe80::1%eth0/64', 'a zone ("%") belongs to a command, not to an address'],
    ['::ffff:010.1.1.1/96', 'it has a colon and is not IPv6'],
    ['fd00::g/64', 'it has a colon and is not IPv6'],
    ['10.0.0.1', 'the prefix length is missing'],
    ['lan', 'no "/" and no address in it'],
    ['10.0.0.1/', '"" is not a plain decimal number'],
    ['10.0.0.1/024', '"024" is not a plain decimal number'],
    ['10.0.0.1/255.255.255.0', '"255.255.255.0" is not a plain decimal number'],
    ['10.0.0.1/33', 'the prefix length of IPv4 is 32 at most'],
    ['fd00::1/129', 'the prefix length of IPv6 is 128 at most'],
    [' 10.0.0.1/24', 'it is neither IPv4 nor IPv6'],
  ])('%s: %s', (text, problem) => {
    expect(() => parseCidr(text)).toThrow(problem)
  })

  test('the error says what, where and what to do', () => {
    expect(() => parseCidr('10.1/16', 'host node1, NIC ens160')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: "10.1/16" is not an address with a prefix length: an IPv4 address has four parts [NETWRIGHT_BAD_ADDRESS]
        where: host node1, NIC ens160
        next: Write an IPv4 or IPv6 address and a prefix length, such as 10.0.0.1/24 or fd00::1/64.]
    `)
    expect(() => parseAddress('fe80::1%lo')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: "fe80::1%lo" is not an address: a zone ("%") belongs to a command, not to an address [NETWRIGHT_BAD_ADDRESS]
        next: Write an IPv4 or IPv6 address such as 10.0.0.1 or fd00::1.]
    `)
  })
})

describe('subnets', () => {
  test('an address lies in a prefix or not, never across families', () => {
    expect(contains(parseCidr('192.168.0.0/16'), '192.168.179.9')).toBe(true)
    expect(contains(parseCidr('192.168.0.0/16'), '192.169.0.1')).toBe(false)
    expect(contains(parseCidr('0.0.0.0/0'), 'fd00::1')).toBe(false)
    expect(contains(parseCidr('fd00:a::/64'), 'fd00:a::9')).toBe(true)
  })

  test('two addresses share a subnet when each sees the other in its own', () => {
    expect(sameSubnet(parseCidr('10.0.0.1/24'), parseCidr('10.0.0.2/24'))).toBe(true)
    expect(sameSubnet(parseCidr('10.0.0.1/24'), parseCidr('10.0.0.200/25'))).toBe(false)
    expect(sameSubnet(parseCidr('10.0.1.10/24'), parseCidr('192.168.26.10/24'))).toBe(false)
  })

  test.each([
    ['192.168.179.9/16', '192.168.0.0/16', '192.168.255.255'],
    ['10.0.0.1/31', '10.0.0.0/31', undefined],
    ['10.0.0.1/32', '10.0.0.1/32', undefined],
    ['10.0.0.1/0', '0.0.0.0/0', '255.255.255.255'],
    ['fd00:a::9/64', 'fd00:a::/64', undefined],
  ])('%s lies in %s, broadcast %s', (text, network, broadcast) => {
    expect(cidrText(networkOf(parseCidr(text)))).toBe(network)
    expect(broadcastOf(parseCidr(text))).toBe(broadcast)
  })

  test.each([
    ['10.0.0.0/24', '10.0.0.0', 'network'],
    ['10.0.0.0/24', '10.0.0.255', 'broadcast'],
    ['10.0.0.0/24', '10.0.0.7', 'host'],
    ['10.0.0.0/31', '10.0.0.0', 'host'],
    ['10.0.0.0/32', '10.0.0.0', 'host'],
    ['fd00::/64', 'fd00::', 'network'],
    ['fd00::/64', 'fd00::ffff:ffff:ffff:ffff', 'host'],
    ['fd00::/127', 'fd00::', 'host'],
    ['fd00::/128', 'fd00::', 'host'],
  ])('in %s, %s is the %s address', (subnet, address, role) => {
    expect(roleInSubnet(parseCidr(subnet), address)).toBe(role)
  })

  test('an address is for something', () => {
    expect(['224.0.0.1', 'ff02::1', '127.0.0.1', '::', 'fe80::1', '255.255.255.255'].map(rangeOf)).toEqual([
      'multicast',
      'multicast',
      'loopback',
      'unspecified',
      'linkLocal',
      'broadcast',
    ])
  })
})
