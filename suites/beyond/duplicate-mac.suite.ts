import { accepted, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const inUse = /Address already in use/

// Frames are given to children by MAC address. The check waits until a device is set up: what is down gets nothing
// (drivers/net/macvlan.c, macvlan_open).
scenario(macvlanChildren('bridge'), 'a MAC address is given away once', { claim: beyond.claim('duplicate-mac') })
  .finding('a second child with the MAC address of mac1 can be created', async ({ hosts, graph }) => {
    const mac1 = (await graph()).namespaces.flatMap((ns) => ns.interfaces).find((i) => i.name === 'mac1')
    const { $ } = hosts.host
    const made = await $({
      nothrow: true,
    })`ip link add link eth0 name mac3 address ${mac1?.mac ?? ''} type macvlan mode bridge`
    return { holds: made.exitCode === 0, found: `${mac1?.mac ?? 'no mac1'} ${made.stderr.trim()}` }
  })
  .finding('it can be set up', ({ hosts: { host } }) => accepted(host.$`ip link set dev mac3 up`, inUse), {
    expected: false,
    documentSays: false,
  })
  .finding(
    'a child with the MAC address of its parent can be set up',
    async ({ hosts, graph }) => {
      const parent = (await graph()).namespaces
        .find((ns) => ns.id === 'host')
        ?.interfaces.find((i) => i.name === 'eth0')
      const { $ } = hosts.host
      await $`ip link add link eth0 name mac4 address ${parent?.mac ?? ''} type macvlan mode bridge`
      return accepted($`ip link set dev mac4 up`, inUse)
    },
    { expected: false, documentSays: false },
  )
  .expect({ ns1: { ns2: reached } })
