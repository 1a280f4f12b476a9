import { reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { askForAddress, ipvlanDhcp, startServer } from '../../fixtures/topologies/ipvlan-dhcp.ts'
import { virtualNics } from './claims.ts'

const claim = virtualNics.claim('B9')

scenario(ipvlanDhcp, 'ipvlan children get addresses by DHCP with a client id each', { claim, when: 'own client ids' })
  .given('a DHCP server starts', startServer())
  .finding('each child gets an address of its own', async ({ hosts }) => {
    const first = await askForAddress(hosts, 1, { id: '01' })
    const second = await askForAddress(hosts, 2, { id: '02' })
    const leases = [first.lease, second.lease]
    const holds = leases.every((lease) => lease.startsWith('192.168.0.')) && first.lease !== second.lease
    return { holds, found: holds ? leases.join(', ') : `${first.said} ${second.said}` }
  })
  .expect({ ns1: { ns2: reached, server: reached }, ns2: { ns1: reached }, server: { ns1: reached, ns2: reached } })

// Children share their parent's MAC address, by which a client is known unless it says another name.
for (const [when, server, ids] of [
  ['no client ids of their own', startServer(), [undefined, undefined]],
  ['a server that ignores client ids', startServer(['--dhcp-ignore-clid']), ['01', '02']],
] as const) {
  scenario(ipvlanDhcp, `DHCP takes ipvlan children for one client: ${when}`, { claim, when })
    .given('a DHCP server starts', server)
    .finding('both are given the same address, and the second cannot have it', async ({ hosts }) => {
      const [first, second] = [
        await askForAddress(hosts, 1, ids[0] === undefined ? {} : { id: ids[0] }),
        await askForAddress(hosts, 2, ids[1] === undefined ? {} : { id: ids[1] }),
      ]
      const refusal = second.said.split('\n').find((line) => line.includes('already assigned')) ?? second.said
      const isSame = first.lease.startsWith('192.168.0.') && first.lease === second.lease
      return {
        holds: isSame && refusal.includes('already assigned'),
        found: `${first.lease}, ${second.lease}: ${refusal}`,
      }
    })
    .expect({ ns1: { server: reached } })
}

// An offer is sent to the offered address, which no child has yet: ipvlan, which tells children by their addresses, gives
// the frame to the parent. The document does not say that clients have to ask for broadcasts.
scenario(ipvlanDhcp, 'an ipvlan child hears a DHCP offer only as a broadcast', {
  claim,
  when: 'without the broadcast flag',
})
  .given('a DHCP server starts', startServer())
  .finding('a client that does not ask for broadcasts gets no address', async ({ hosts }) => {
    const { lease, said } = await askForAddress(hosts, 1, { id: '01', broadcast: false })
    return {
      holds: lease === '' && said.includes('no lease'),
      found: lease === '' ? said.replaceAll('\n', '; ') : lease,
    }
  })
  .finding('the server has offered one', async ({ hosts }) => {
    const log = (await hosts.server.$`cat /run/dhcp-log`).stdout
    const offers = log.split('\n').filter((line) => line.includes('DHCPOFFER'))
    return { holds: offers.length > 0, found: offers[0] ?? log }
  })
  .finding('one that does gets an address', async ({ hosts }) => {
    const { lease, said } = await askForAddress(hosts, 1, { id: '01' })
    return { holds: lease !== '', found: lease === '' ? said.replaceAll('\n', '; ') : lease }
  })
