import { blocked, icmp, reached, tcp, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import {
  clamp,
  narrowMtu,
  narrowPath,
  silence,
  silenced,
  startReceivers,
  transfer,
} from '../../fixtures/topologies/path-mtu.ts'
import { beyond } from './claims.ts'

type Ends = Pick<Hosts<'host' | 'client'>, 'host' | 'client'>
const claim = beyond.claim('path-mtu')
const all = '20000 of 20000 bytes arrived'
/** Packets of a size, IP header and the eight bytes of ICMP included. */
const packet = (bytes: number, family: 4 | 6) =>
  ({ over: icmp({ size: bytes - (family === 4 ? 28 : 48), dontFragment: true }), family }) as const

for (const driver of ['macvlan', 'ipvlan'] as const) {
  const path = scenario(narrowPath(driver), `${driver}: the MTU of a path, found by notices of its routers`, {
    claim,
    when: driver,
    needs: ['tool:nft'],
  })
  for (const family of [4, 6] as const) {
    path.expect({ ns1: { client: reached }, client: { ns1: reached } }, packet(narrowMtu, family)).expect(
      {
        ns1: { client: blocked('mtu-exceeded', { at: 'near' }) },
        client: { ns1: blocked('mtu-exceeded', { at: 'beyond' }) },
      },
      packet(narrowMtu + 1, family),
    )
  }
  path
    .given('both ends take bytes', startReceivers)
    .finding('large segments get to the client', sent('child'))
    .finding('large segments get to the child', sent('client'))
    // A router that says nothing: small segments, a SYN among them, still pass, so that ping and a connection look sound. (A row
    // is measured cold: what the ends have learnt of the path is forgotten. A client that knew would offer to take less, as a
    // clamp makes it do (ipv4_default_advmss), and large segments would get there by that.)
    .given('the child’s router keeps its notices to itself', silence)
    .expect({ ns1: { client: reached } }, { over: [icmp(), tcp(8080)] })
    .finding('large segments get to the client, without notices', sentInSilence, {
      expected: false,
      documentSays: false,
    })
    .given('that router lowers the segment size of new connections', clamp)
    .finding('large segments get to the client again', sent('child'))
}

/** Whether a transfer succeeds. One that fails for another reason than lost segments says nothing. */
function sent(from: 'child' | 'client') {
  return async ({ hosts }: { readonly hosts: Ends }) => {
    const found = await transfer(hosts, from)
    if (found !== all && !found.includes('Connection timed out')) throw new Error(found)
    return { holds: found === all, found }
  }
}

async function sentInSilence({ hosts }: { readonly hosts: Ends & Pick<Hosts<'near'>, 'near'> }) {
  const { holds, found } = await sent('child')({ hosts })
  return { holds, found: `${found}; near kept ${String(await silenced(hosts))} notices to itself` }
}
