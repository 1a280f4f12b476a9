import { icmp, reached, tcp, udp, type Interface } from 'netwright'
import { scenario } from 'netwright/vitest'
import { startApplication, tunPair } from '../../fixtures/topologies/tun.ts'
import { virtualNics } from './claims.ts'

// Behind a tun there is no wire but a file descriptor: what is sent goes to the application that holds it, and what the
// application writes comes in.
scenario(tunPair, 'an application carries the packets of a tun', { claim: virtualNics.claim('B7') })
  .finding('without an application a tun has no carrier', async ({ graph }) => {
    // The kernel's link watch draws the conclusion up to a second later; until then the state is UNKNOWN.
    const deadline = Date.now() + 2000
    let tuns: Interface[]
    do tuns = (await graph()).namespaces.flatMap((ns) => ns.interfaces.filter((i) => i.kind === 'tun'))
    while (tuns.some((i) => i.operstate === 'UNKNOWN') && Date.now() < deadline)
    const found = tuns.map((i) => `${i.name} ${i.operstate} ${i.flags.join(',')}`).join('; ')
    return { holds: tuns.length === 2 && tuns.every((i) => i.flags.includes('NO-CARRIER')), found }
  })
  .given('an application opens both tuns and carries packets', startApplication)
  .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } }, { over: [icmp(), tcp(8080)] })
  .finding('what the application reads are layer-3 packets', async ({ hosts }) => {
    const packets = (await hosts.host.$`cat /mnt/tun1.packets`).stdout.split('\n').filter((line) => line !== '')
    // Version 4 and a header of 20 bytes at once, no Ethernet header in front; at byte 12 the two addresses.
    const areIpv4 = packets.every((p) => p.startsWith('45') && p.slice(24, 40) === '0a0900010a090002')
    return { holds: packets.length > 0 && areIpv4, found: packets[0] ?? 'no packet was read' }
  })
  .expect({ ns1: { ns2: reached }, ns2: { ns1: reached } }, { over: [icmp(), udp(5353)], family: 6 })
