import { expect, test } from 'vitest'
import { chooseKernel, type CachedKernel } from './choose-kernel.ts'

const full: CachedKernel = { name: '6.1-full', flavour: 'full', linkTypes: ['ipvlan', 'vcan', 'macvlan'] }
const cloud: CachedKernel = { name: '5.10', flavour: 'cloud', linkTypes: ['ipvlan', 'macvlan'] }

test.each([
  ['a cached kernel that has it', ['link:ipvlan'], [cloud], { name: '5.10', fetch: false }],
  [
    'the cached one that has all of it',
    ['link:ipvlan', 'link:vcan'],
    [cloud, full],
    { name: '6.1-full', fetch: false },
  ],
  ['the small one to fetch', ['link:ipvlan'], [], { name: '6.12', fetch: true }],
  ['the full one, where the small ones lack it', ['link:vcan'], [], { name: '6.12-full', fetch: true }],
  ['the full one also beside a small one', ['link:vcan'], [cloud], { name: '6.12-full', fetch: true }],
  ['a full one for an SR-IOV card', ['sriov'], [cloud, full], { name: '6.1-full', fetch: false }],
  ['the full one to fetch for an SR-IOV card', ['sriov'], [cloud], { name: '6.12-full', fetch: true }],
  ['any, where it is nothing of the kernel’s modules', ['device-nodes'], [cloud], { name: '5.10', fetch: false }],
])('chooses %s', (_, missing, cached, choice) => {
  expect(chooseKernel(missing, cached)).toEqual(choice)
})

test('says why no kernel helps', () => {
  expect(chooseKernel(['tool:dhcpd'], [full])).toEqual({ reason: 'a VM has the programs of this machine, no others' })
  expect(chooseKernel(['link:hsr'], [full, cloud])).toEqual({ reason: 'no cached kernel has it either: vm:6.1-full' })
  expect(chooseKernel(['link:netkit'], [full, cloud])).toEqual({
    reason: 'no cached kernel has it either: vm:6.1-full, vm:5.10',
  })
})
