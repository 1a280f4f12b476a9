import { blocked, reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { callPlugin, emptyPod, pluginFolder } from '../../fixtures/topologies/cni-pod.ts'
import { k8sIpvlanMacvlan } from './claims.ts'

type Node1 = Pick<Hosts<'node1'>, 'node1'>

// The document's three steps, with a plugin of the CNI project and the runtime's part typed by hand. The namespace comes first
// and needs nobody inside; a process that starts before the plugin has run would find lo alone.
scenario(emptyPod, 'a CNI plugin configures a namespace before a process starts in it', {
  claim: k8sIpvlanMacvlan.claim('D7'),
  needs: [`tool:${pluginFolder}/macvlan`, `tool:${pluginFolder}/static`],
})
  .finding('the runtime’s namespace has nobody inside, and nothing but lo', async ({ hosts }) => {
    const inside = (await hosts.node1.$`ip netns pids pod1`).stdout.trim()
    const devices = await devicesIn(hosts)
    return { holds: inside === '' && devices === 'lo', found: `processes: ${inside || 'none'}; devices: ${devices}` }
  })
  .expect({ pod1: { node2: blocked('no-route', { at: 'node1/pod1' }) } })
  .until(
    'the runtime has called the plugin macvlan',
    (hosts) => callPlugin(hosts, 'ADD'),
    (hosts) => callPlugin(hosts, 'DEL'),
  )
  .expect({ pod1: { node2: reached } })
  .finding('a process that starts then finds eth0 with its address, up', async ({ hosts: { node1 } }) => {
    const shown = (await node1.$`ip netns exec pod1 ip -4 -br addr show dev eth0 up`).stdout.trim()
    return { holds: shown.includes('192.168.163.140/24'), found: shown || 'eth0 is not up' }
  })
  .andBack()
  .finding('and the plugin leaves nothing but lo', async ({ hosts }) => {
    const devices = await devicesIn(hosts)
    return { holds: devices === 'lo', found: devices }
  })

/** Their names, as a process inside sees them. */
async function devicesIn({ node1: { $ } }: Node1): Promise<string> {
  const links = JSON.parse((await $`ip -n pod1 -j link show`).stdout) as { ifname: string }[]
  return links.map(({ ifname }) => ifname).join(' ')
}
