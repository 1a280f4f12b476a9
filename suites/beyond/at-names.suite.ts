import { accepted, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { bareHost } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { beyond } from './claims.ts'

// `ip link` prints `mac9@eth0` for a device mac9 on eth0, and whoever types that back gets an error, unless the device
// was created by that very name, as document B does. Then `ip` prints mac1@eth0@eth0.
scenario(bareHost, 'what ip prints with an @ is not always a name', {
  claim: beyond.claim('at-names'),
  needs: ['link:macvlan'],
})
  .given('one device is created as mac9, one as mac1@eth0', async ({ host: { $ } }) => {
    await $`ip link add link eth0 name mac9 type macvlan mode bridge`
    await $`ip link add link eth0 name mac1@eth0 type macvlan mode bridge`
  })
  .finding(
    'ip link set mac9@eth0 up',
    ({ hosts: { host } }) => accepted(host.$`ip link set mac9@eth0 up`, /Cannot find device "mac9@eth0"/),
    { expected: false, documentSays: false },
  )
  .finding('ip link set mac1@eth0 up', async ({ hosts, graph }) => {
    const set = await hosts.host.$({ nothrow: true })`ip link set mac1@eth0 up`
    const device = (await graph()).namespaces.flatMap((ns) => ns.interfaces).find((i) => i.name === 'mac1@eth0')
    return {
      holds: set.exitCode === 0 && device?.up === true,
      found: `${device?.name ?? 'nothing'} is ${device?.operstate ?? 'not there'}`,
    }
  })
  .expect({ host: { outside: reached } })
