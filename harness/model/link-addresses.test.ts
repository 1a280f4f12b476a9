import { describe, expect, test } from 'vitest'
import { linkLocal, macBytes, macText, multicastMac, nicMac, solicitedNode } from './link-addresses.ts'

test('a MAC and its bytes', () => {
  expect([...macBytes('02:00:5E:10:00:ff')]).toEqual([0x02, 0, 0x5e, 0x10, 0, 0xff])
  expect(macText(Uint8Array.of(0x02, 0, 0x5e, 0x10, 0, 0xff))).toBe('02:00:5e:10:00:ff')
  expect(() => macBytes('02:00:00:00:00')).toThrow('"02:00:00:00:00" is not a MAC')
})

describe('the MAC of a NIC', () => {
  test('is unicast, locally administered, and tells host and NIC', () => {
    expect(nicMac(1, 2)).toBe('02:00:00:00:01:02')
    expect(nicMac(258, 255)).toBe('02:00:00:01:02:ff')
  })

  test('exists for 65535 hosts of 255 NICs', () => {
    expect(() => nicMac(0, 1)).toThrow('no MAC')
    expect(() => nicMac(65_536, 1)).toThrow('no MAC')
    expect(() => nicMac(1, 256)).toThrow('no MAC')
  })
})

test.each([
  ['224.0.0.1', '01:00:5e:00:00:01'],
  ['239.255.1.2', '01:00:5e:7f:01:02'],
  ['ff02::1', '33:33:00:00:00:01'],
  ['ff02::1:ff00:a', '33:33:ff:00:00:0a'],
])('%s is sent to %s', (address, mac) => {
  expect(multicastMac(address)).toBe(mac)
})

test('only multicast has a multicast MAC', () => {
  expect(() => multicastMac('10.0.0.1')).toThrow('10.0.0.1 is not multicast')
  expect(() => multicastMac('fd00::1')).toThrow('fd00::1 is not multicast')
})

test('the example of RFC 4291, 2.7.1', () => {
  expect(solicitedNode('4037::01:800:200e:8c6c')).toBe('ff02::1:ff0e:8c6c')
  expect(() => solicitedNode('10.0.0.1')).toThrow('not an IPv6 address')
})

test('the example of RFC 4291, appendix A', () => {
  expect(linkLocal('34:56:78:9a:bc:de')).toBe('fe80::3656:78ff:fe9a:bcde')
  expect(linkLocal('02:00:00:00:01:01')).toBe('fe80::ff:fe00:101')
})
