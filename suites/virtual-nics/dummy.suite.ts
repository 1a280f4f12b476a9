import { scenario } from 'netwright/vitest'
import { dummyDevice } from '../../fixtures/topologies/dummy.ts'
import { virtualNics } from './claims.ts'

// A device with nothing behind it: its only use is to hold an address that the own stack answers for.
scenario(dummyDevice, 'a dummy device answers locally', { claim: virtualNics.claim('B8') })
  .finding('the host answers itself at 192.168.200.200', async ({ hosts }) => {
    const ping = await hosts.host.$({ nothrow: true })`ping -n -c 1 -W 1 192.168.200.200`
    return { holds: ping.exitCode === 0, found: ping.stdout.trim().split('\n').at(-2) ?? ping.stderr }
  })
  .finding('what is sent to its subnet comes back from nobody', async ({ hosts }) => {
    const ping = await hosts.host.$({ nothrow: true })`ping -n -c 1 -W 1 192.168.200.1`
    return { holds: ping.exitCode === 1, found: ping.stdout.trim().split('\n').at(-1) ?? ping.stderr }
  })
