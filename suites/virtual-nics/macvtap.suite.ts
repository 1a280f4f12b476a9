import { blocked, icmp, reached, tcp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { closeTap, macvtapChild, openTap } from '../../fixtures/topologies/macvtap.ts'
import { virtualNics } from './claims.ts'

const claim = virtualNics.claim('B6')
const all = { family: [4, 6], over: [icmp(), tcp(8080)] } as const

// A device of type macvtap is a macvlan child until a process opens its tap: only then are its frames taken from the
// network stack (drivers/net/tap.c, tap_handle_frame). The document speaks of the second half only.
scenario(macvtapChild, 'without a reader macvtap feeds the network stack', { claim, when: 'tap closed' }).expect(
  { outside: { ns1: reached }, ns1: { outside: reached } },
  { ...all, documentSays: { outside: { ns1: blocked('neighbour-unanswered') } } },
)

scenario(macvtapChild, 'frames go to /dev/tapN instead of the network stack', { claim, when: 'tap open' })
  .given('a process opens the tap', openTap)
  .expect({ outside: { ns1: blocked('neighbour-unanswered', { at: 'host/ns1 macvtap0' }) } }, all)
  .finding('what the process reads are Ethernet frames, MAC addresses first', async ({ hosts, graph }) => {
    const frames = (await hosts.host.$`cat /mnt/frames`).stdout.split('\n')
    const outside = (await graph()).namespaces
      .find((ns) => ns.id === 'outside')
      ?.interfaces.find((i) => i.name === 'eth0')
    const question = ['ffffffffffff', outside?.mac.replaceAll(':', ''), '0806'].join('')
    const found = frames.find((frame) => frame.startsWith(question))
    return { holds: found !== undefined, found: found ?? `no frame begins with ${question}: ${frames.join(' ')}` }
  })
  .until('the process closes the tap', closeTap, openTap)
  .expect({ outside: { ns1: reached } }, all)
  .andBack()
