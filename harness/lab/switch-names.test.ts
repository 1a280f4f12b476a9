import { expect, test } from 'vitest'
import { underlay } from '../model/underlay.ts'
import { interfaceNameProblem } from '../model/names.ts'
import { switchNames } from './switch-names.ts'

test('a wire’s devices are called as what they stand for', () => {
  const { spec } = underlay().wire('lan').host('node1', { ens160: 'lan' })
  const names = switchNames(spec, { name: 'lan' })
  expect([names.bridge, names.port('node1', 'ens160')]).toEqual(['lan', 'node1-ens160'])
})

test('what the kernel refuses as a name is shortened, and stays within its bytes', () => {
  const wire = 'hello-long-wire-name'
  const { spec } = underlay()
    .wire(wire)
    .host('node1', { ännänänä: wire, ens160np0: wire })
    .host('node1-1', { ens160np0: wire })
  const names = switchNames(spec, { name: wire })
  const all = [
    names.bridge,
    names.port('node1', 'ännänänä'),
    names.port('node1', 'ens160np0'),
    names.port('node1-1', 'ens160np0'),
  ]
  expect(all.map(interfaceNameProblem)).toEqual([undefined, undefined, undefined, undefined])
  expect(new Set(all).size).toBe(4)
  expect(names.bridge).toMatch(/^hello-long-[0-9a-f]{4}$/)
})

test.each(['lo', 'all', 'default'])('a wire named %s has a bridge of another name', (wire) => {
  const { bridge } = switchNames(underlay().wire(wire).spec, { name: wire })
  expect(bridge).toMatch(new RegExp(`^${wire}-[0-9a-f]{4}$`))
})

test('two ports, and a port and the bridge, never share a name', () => {
  const { spec } = underlay().wire('a-b-c').host('a-b', { c: 'a-b-c' }).host('a', { 'b-c': 'a-b-c' })
  const names = switchNames(spec, { name: 'a-b-c' })
  expect(new Set([names.bridge, names.port('a-b', 'c'), names.port('a', 'b-c')]).size).toBe(3)
})
