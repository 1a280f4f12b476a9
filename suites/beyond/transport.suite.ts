import { blocked, reached, tcp, udp } from 'netwright'
import { scenario } from 'netwright/vitest'
import { macvlanChildren } from '../../fixtures/topologies/macvlan-modes.ts'
import { beyond } from './claims.ts'

const claim = beyond.claim('transport')
const over = [tcp(8080), udp(53)]
const isolated = blocked('macvlan-parent-isolation', { at: 'host eth0' })

// A namespace can answer ping and be dead for TCP: offloads, checksums and sockets have a say, too.
scenario(macvlanChildren('bridge'), 'bridge mode', { claim, when: 'bridge' }).expect(
  { ns1: { ns2: reached, outside: reached, host: isolated }, outside: { ns1: reached } },
  { over, family: [4, 6] },
)
scenario(macvlanChildren('private'), 'private mode', { claim, when: 'private' }).expect(
  { ns1: { ns2: blocked('private-mode', { at: 'host eth0' }), outside: reached, host: isolated } },
  { over, family: [4, 6] },
)
scenario(macvlanChildren('vepa'), 'vepa mode', { claim, when: 'vepa' }).expect(
  { ns1: { ns2: blocked('vepa-not-reflected', { at: 'wire:lan host-eth0' }), outside: reached, host: isolated } },
  { over, family: [4, 6] },
)
