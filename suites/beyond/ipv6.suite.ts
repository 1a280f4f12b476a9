import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { childrenAreIn, macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('ipv6')
const needs = ['ipv6'] as const
const isolated = blocked('macvlan-parent-isolation', { at: 'host eth0' })
const unreflected = blocked('vepa-not-reflected', { at: 'wire:lan host-eth0' })
const apart = blocked('private-mode', { at: 'host eth0' })

// IPv6 asks for neighbours by multicast to a group that only the neighbour has joined, IPv4 by broadcast: a driver that
// sorts the two differently would show here.
scenario(macvlanChildren('bridge'), 'bridge mode', { claim, needs, when: 'bridge' }).expect(
  { ns1: { ns2: reached, outside: reached, host: isolated }, host: { ns1: isolated }, outside: { ns1: reached } },
  { family: 6 },
)
scenario(macvlanChildren('private'), 'private mode', { claim, needs, when: 'private' }).expect(
  { ns1: { ns2: apart, outside: reached, host: isolated }, host: { ns1: isolated }, outside: { ns1: reached } },
  { family: 6 },
)
scenario(macvlanChildren('vepa'), 'vepa mode', { claim, needs, when: 'vepa' }).expect(
  { ns1: { ns2: unreflected, outside: reached, host: isolated }, host: { ns1: isolated }, outside: { ns1: reached } },
  { family: 6 },
)
scenario(macvlanChildren('bridge', 'hairpin on'), 'bridge mode, reflected', {
  claim,
  needs,
  when: 'bridge, hairpin on',
})
  .expect({ ns1: { ns2: reached, host: reached }, host: { ns1: reached } }, { family: 6 })
  .finding('both children are in bridge mode', childrenAreIn('bridge'))
scenario(macvlanChildren('private', 'hairpin on'), 'private mode, reflected', {
  claim,
  needs,
  when: 'private, hairpin on',
}).expect({ ns1: { ns2: apart, host: apart }, host: { ns1: reached } }, { family: 6 })
scenario(macvlanChildren('vepa', 'hairpin on'), 'vepa mode, reflected', {
  claim,
  needs,
  when: 'vepa, hairpin on',
})
  .expect({ ns1: { ns2: reached, host: reached }, host: { ns1: reached } }, { family: 6 })
  .finding('both children are in vepa mode', childrenAreIn('vepa'))
