import { expect, test } from 'vitest'
import { underlay } from '../model/underlay.ts'
import { topology } from './topology.ts'

const lan = underlay().wire('lan', '10.0.0.0/24')
const withCard = lan.host('node1', { eth0: 'lan 10.0.0.1/24', eth1: 'lan' }, { sriov: 'eth1' })

test('a topology with an SR-IOV card needs a machine that has one', () => {
  expect(withCard.spec.hosts[0]?.nics.map(({ name, sriov }) => [name, sriov])).toEqual([
    ['eth0', undefined],
    ['eth1', true],
  ])
  expect(topology('with a card', { underlay: withCard, needs: ['link:bridge'] }).needs).toEqual([
    'link:bridge',
    'sriov',
  ])
  expect(topology('without', { underlay: lan }).needs).toEqual([])
})

test('an underlay has one card, which is a NIC of its host', () => {
  expect(() => withCard.host('node2', { eth0: 'lan' }, { sriov: 'eth0' })).toThrow(
    'an underlay can have one SR-IOV card, and this would be a second',
  )
  expect(() => lan.host('node1', { ens32: 'lan' }, { sriov: 'ens33' })).toThrow('Did you mean "ens32"?')
})
