import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { childrenOn, failOver, parentKinds, type ParentKind } from '../../fixtures/topologies/parent-kinds.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('parent-kinds')
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

// What is below the parent is none of the drivers' business: children get what it takes in, and send what it sends. So they
// are apart from the stack that owns it, whatever it is. (macvlan on a bridge: bridge-parent.suite.ts.)
for (const driver of ['macvlan', 'ipvlan'] as const) {
  for (const kind of ['vlan', 'bond', 'bridge'] as const) {
    if (driver === 'macvlan' && kind === 'bridge') continue
    const apart = isolated(driver, kind)
    const children = scenario(childrenOn(kind, driver), `${driver} children on a ${kind}`, {
      claim,
      when: `${driver} on a ${kind}`,
    })
      .expect({ ns1: { ns2: reached, outside: reached }, ns2: { ns1: reached }, outside: { ns1: reached } }, all)
      .expect({ ns1: { host: apart }, host: { ns1: apart, outside: reached } }, { family: [4, 6] })
    if (kind === 'bond') {
      children
        .given('the bond gets a second port and loses the first', failOver)
        .expect({ ns1: { outside: reached }, outside: { ns1: reached } }, { family: [4, 6], as: 'by the other port' })
    }
  }
  // A switch without a wire: nobody but the children is there, and the host's own address on it is as far away as on a NIC. A
  // dummy is NOARP: what the host sends by it bears the dummy's own MAC address, so that for macvlan it is nobody's.
  const apart = isolated(driver, 'dummy')
  scenario(childrenOn('dummy', driver), `${driver} children on a dummy`, { claim, when: `${driver} on a dummy` })
    .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } }, all)
    .expect({ ns1: { host: apart }, ...(driver === 'ipvlan' && { host: { ns1: apart } }) }, { family: [4, 6] })
}

function isolated(driver: 'macvlan' | 'ipvlan', kind: ParentKind) {
  return blocked(`${driver}-parent-isolation`, { at: `host ${parentKinds[kind].name}` })
}
