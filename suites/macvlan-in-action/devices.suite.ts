import { scenario } from 'netwright/vitest'
import { macvlanBridge, macvlanFresh } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'

// What a child looks like before anybody has set it up, in the words of ip(8) that the document shows.
scenario(macvlanFresh, 'a fresh child is a bridge-mode macvlan that is DOWN', { claim: macvlanInAction.claim('A2') })
  .finding('`ip -d link` shows `macvlan mode bridge`', async ({ hosts: { node1 } }) => {
    const shown = (await node1.$`ip -d link show mac1`).stdout
    return { holds: /^\s+macvlan mode bridge /m.test(shown), found: line(shown, 'macvlan mode') }
  })
  .finding('`ip -d link` shows the fresh device DOWN, beneath ens160', async ({ hosts: { node1 } }) => {
    const shown = (await node1.$`ip -d link show mac1`).stdout
    return { holds: /mac1@ens160: <BROADCAST,MULTICAST> .* state DOWN /.test(shown), found: line(shown, 'mac1@') }
  })
  .finding('each child has a MAC address of its own', async ({ graph }) => {
    const devices = (await graph()).namespaces.find((ns) => ns.id === 'node1')?.interfaces ?? []
    const macs = devices.filter((dev) => ['ens160', 'mac1', 'mac2'].includes(dev.name)).map((dev) => dev.mac)
    return { holds: macs.length === 3 && new Set(macs).size === 3, found: macs.join(', ') }
  })

// The move into a namespace changes neither parent nor mode: the parent is on the host, and `@if2` is all that ip can call it.
scenario(macvlanBridge, 'a moved child is still a child of ens160', { claim: macvlanInAction.claim('A2') }).finding(
  'mac1 in ns1 is up, in mode bridge, beneath ens160 of node1',
  async ({ graph }) => {
    const mac1 = (await graph()).namespaces
      .find((ns) => ns.id === 'node1/ns1')
      ?.interfaces.find((dev) => dev.name === 'mac1')
    const parent = `${mac1?.link?.ns ?? 'nowhere'} ${mac1?.link?.dev ?? ''}`
    return {
      holds: mac1?.mode === 'bridge' && mac1.up && mac1.operstate === 'UP' && parent === 'node1 ens160',
      found: `${mac1?.kind ?? 'no mac1'} mode ${mac1?.mode ?? ''}, ${mac1?.operstate ?? ''}, beneath ${parent}`,
    }
  },
)

function line(text: string, with_: string): string {
  return (
    text
      .split('\n')
      .find((l) => l.includes(with_))
      ?.trim() ?? text
  )
}
