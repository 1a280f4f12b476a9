import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLab } from '../lab/lab.ts'
import { topology } from '../lab/topology.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { underlay } from '../model/underlay.ts'
import { askSelf } from './ask-self.ts'
import { knownPeers } from './controls.ts'
import { promptPatience } from './prober.ts'
import { watchLab } from './watch.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

/** Lo is down in ns1, and what a script may put on it all the same is lost when it is raised and taken down again. */
const quietLo = topology('lo down', {
  underlay: underlay().wire('lan', '10.0.0.0/24 fd00:a::/64').host('node1', { eth0: 'lan 10.0.0.1/24 fd00:a::1/64' }),
  namespaces: { node1: ['ns1'] },
  async build({ node1: { $ } }) {
    await $`ip netns add ns1`
    await $`ip link add link eth0 mac1 netns ns1 type macvlan mode bridge`
    await $`ip -n ns1 addr add 10.0.0.11/24 dev mac1`
    await $`ip -n ns1 addr add fd00:a::11/64 dev mac1 nodad`
    await $`ip -n ns1 link set mac1 up`
    await $`ip -n ns1 addr add 10.66.0.9/32 dev lo`
    await $`ip -n ns1 -6 addr add fd00:66::9/128 dev lo`
    await $`ip -n ns1 -6 route add blackhole fd00:1::/64`
    await $`ip -n ns1 -6 route add unreachable fd00:2::/64 metric 7 proto static`
    await $`ip -n ns1 -6 route add prohibit fd00:3::1 table 100`
    await $`ip -n ns1 route add blackhole 10.1.0.0/24`
  },
})

test.each([
  [4, '10.0.0.11'],
  [6, 'fd00:a::11'],
] as const)('a namespace that answers itself by IPv%i is left as it was', async (family, own) => {
  const lab = await openLab(machine, quietLo)
  try {
    await lab.build()
    const prober = {
      lab,
      graph: await lab.graph(),
      watch: await watchLab(lab),
      patience: promptPatience,
      peers: knownPeers(),
    }
    const shown = async (): Promise<string[]> => {
      const ip = async (...words: string[]): Promise<string> =>
        (await lab.hosts.node1.$`ip -n ns1 ${words}`).stdout.replaceAll(/^\d+: | valid_lft.*$/gm, '')
      const routes = ['-6', '-4'].map(async (version) =>
        (await ip(version, 'route', 'show', 'table', 'all')).split('\n').toSorted(),
      )
      return [await ip('-o', 'addr', 'show'), ...(await Promise.all(routes)).flat()]
    }
    const before = await shown()
    expect(before.join('\n')).toMatch(/blackhole fd00:1::[^]*prohibit fd00:3::1[^]*unreachable fd00:2::/)
    expect(await askSelf(prober, family, 'node1/ns1', own)).toMatchObject({ alive: true, address: own })
    expect(await shown()).toEqual(before)
  } finally {
    await lab.dispose()
  }
})
