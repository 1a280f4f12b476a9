import { accepted, blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { passthruChild } from '../../fixtures/topologies/passthru.ts'
import { beyond } from './claims.ts'

// Meant for a virtual machine that gets a whole NIC: what comes in is the child's, so the host's own address goes dumb
// while the host can still send. Deleting the child gives the NIC back.
scenario(passthruChild, 'a passthru child takes the NIC over', { claim: beyond.claim('passthru') })
  .expect(
    {
      ns1: { outside: reached },
      outside: { ns1: reached, host: blocked('passthru-takes-all', { at: 'host eth0' }) },
      host: { outside: blocked('passthru-takes-all', { at: 'host eth0' }) },
    },
    { family: [4, 6] },
  )
  .finding('the child has the MAC address of its parent', async ({ graph }) => {
    const devices = (await graph()).namespaces.flatMap((ns) => ns.interfaces)
    const macs = ['eth0', 'mac1'].map((name) => devices.find((i) => i.name === name)?.mac)
    return { holds: macs[0] !== undefined && macs[0] === macs[1], found: macs.join(' and ') }
  })
  .until('the child is deleted', ({ host: { $ } }) => $`ip netns exec ns1 ip link del mac1`)
  .expect({ outside: { host: reached }, host: { outside: reached } }, { family: [4, 6] })

for (const mode of ['passthru', 'bridge'] as const) {
  // EINVAL is all that the kernel says of it (drivers/net/macvlan.c, macvlan_common_newlink).
  scenario(passthruChild, `a second child in ${mode} mode is refused`, { claim: beyond.claim('passthru') })
    .expect({ ns1: { outside: reached } })
    .finding('the first child is in passthru mode', async ({ graph }) => {
      const children = (await graph()).namespaces.flatMap((ns) => ns.interfaces.filter((i) => i.kind === 'macvlan'))
      const found = children.map((i) => `${i.name} ${i.mode ?? 'without a mode'}`).join(', ')
      return { holds: found === 'mac1 passthru', found }
    })
    .finding(
      `ip link add link eth0 name mac2 type macvlan mode ${mode}`,
      ({ hosts: { host } }) =>
        accepted(host.$`ip link add link eth0 name mac2 type macvlan mode ${mode}`, /Invalid argument/),
      { expected: false, documentSays: false },
    )
}
