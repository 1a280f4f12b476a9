import { describe, expect, test } from 'vitest'
import {
  checkInterfaceName,
  checkNamespaceName,
  checkUnderlayName,
  interfaceNameProblem,
  nearest,
  unknownName,
} from './names.ts'

describe('interface names', () => {
  // Each was tried with `ip link add name … type veth` on Linux 6.18.
  test.each(['eth0', 'mac1@eth0', '123456789012345', 'é', '-a', 'dev', '0', 'eth0.100'])('%j is taken', (name) => {
    expect(checkInterfaceName(name, 'host node1')).toBe(name)
  })

  test.each([
    ['', 'it is empty'],
    ['1234567890123456', 'it has 16 bytes, and the kernel takes 15 at most'],
    ['€€€€€€', 'it has 18 bytes, and the kernel takes 15 at most'],
    ['.', 'the kernel reserves it'],
    ['..', 'the kernel reserves it'],
    ['all', 'sysctl uses it for all interfaces'],
    ['default', 'sysctl uses it for all interfaces'],
    ['a/b', 'it holds "/"'],
    ['eth0:1', 'it holds ":"'],
    ['a\0b', String.raw`it holds "\u0000"`],
    ['a b', 'it holds a byte that the kernel takes for white space'],
    ['a\n', 'it holds a byte that the kernel takes for white space'],
    ['à', 'it holds a byte that the kernel takes for white space'],
    ['veth%d', 'it holds "%", which the kernel takes for a pattern to number'],
    ['100%', 'it holds "%", which the kernel takes for a pattern to number'],
  ])('%j is refused', (name, problem) => {
    expect(interfaceNameProblem(name)).toBe(problem)
  })

  test('the error says what, where and what to do', () => {
    expect(() => checkInterfaceName('eth0:1', 'host node1')).toThrowErrorMatchingInlineSnapshot(`
      [NetwrightError: "eth0:1" cannot be an interface name: it holds ":" [NETWRIGHT_BAD_NAME]
        where: host node1
        next: Use 1 to 15 letters, digits, "-", "_", "." or "@".]
    `)
  })
})

describe('namespace names', () => {
  test.each(['ns1', 'x y', '0'.repeat(255)])('%j is taken', (name) => {
    expect(checkNamespaceName(name, 'host node1')).toBe(name)
  })

  test.each(['', '.', '..', 'a/b', 'a\0', '0'.repeat(256), '€'.repeat(86)])('%j is refused', (name) => {
    expect(() => checkNamespaceName(name, 'host node1')).toThrow(/cannot be a namespace name.*NETWRIGHT_BAD_NAME/)
  })
})

describe('names of hosts and wires', () => {
  test.each(['node1', '10g-switch', 'a.b_c', 'constructor'])('%j is taken', (name) => {
    expect(checkUnderlayName('host', name)).toBe(name)
  })

  test.each(['', 'a b', 'a/b', 'wire:lan', '-a', '__proto__', '.', '10.0.0.1', '7', 'é', 'x'.repeat(64)])(
    '%j is refused',
    (name) => {
      expect(() => checkUnderlayName('wire', name)).toThrow(/cannot be the name of a wire.*NETWRIGHT_BAD_NAME/)
    },
  )
})

describe('nearest', () => {
  test.each([
    ['nod1', 'node1'],
    ['ndoe1', 'node1'],
    ['NODE1', 'node1'],
    ['clinet', 'client'],
    ['lna', 'lan'],
    ['gateway-rooter', 'gateway-router'],
  ])('%s is probably %s', (typed, meant) => {
    expect(nearest(typed, ['node1', 'client', 'lan', 'gateway-router'])).toBe(meant)
  })

  test('a wholly different name suggests nothing', () => {
    expect(nearest('printer', ['node1', 'client', 'lan'])).toBeUndefined()
    expect(nearest('x', [])).toBeUndefined()
  })
})

test('an unknown name lists what exists', () => {
  expect(unknownName('NETWRIGHT_UNKNOWN_WIRE', 'wire', 'lna', ['lan', 'wan'], 'host node1, NIC ens160').message)
    .toMatchInlineSnapshot(`
      "there is no wire "lna" [NETWRIGHT_UNKNOWN_WIRE]
        where: host node1, NIC ens160
        next: Did you mean "lan"? There are: lan, wan."
    `)
  expect(unknownName('NETWRIGHT_UNKNOWN_WIRE', 'wire', 'lan', [], 'host node1').details.next).toBe(
    'No wire is declared yet.',
  )
})
