import { setTimeout as pause } from 'node:timers/promises'
import { reached, type Hosts } from 'netwright'
import { scenario } from 'netwright/vitest'
import { atNames, bareHost, makeAtChildren } from '../../fixtures/topologies/virtual-nics-macvlan.ts'
import { virtualNics } from './claims.ts'

type Host = Pick<Hosts<'host'>, 'host'>
const claim = virtualNics.claim('B11')

// The kernel takes a namespace apart after `ip netns del` has returned: looked at until all is as before, or too late.
scenario(bareHost, 'deleting namespaces and links leaves nothing', {
  claim,
  when: 'nobody inside',
  needs: ['link:macvlan'],
})
  .finding(
    'links, addresses, routes and MAC filters of the host are what they were before',
    async ({ hosts, graph }) => {
      const { $ } = hosts.host
      await graph() // is read once the kernel has noted every carrier: `before` must not be of earlier
      const before = await stateOf(hosts)
      await makeAtChildren(hosts)
      await $`ip link add link eth0 name mac3@eth0 type macvlan mode bridge`
      const between = await stateOf(hosts)
      await $`ip netns del ns1`
      await $`ip netns del ns2`
      await $`ip link del mac3@eth0`
      const isAsBefore = await becomes(async () => (await stateOf(hosts)) === before)
      const left = (await stateOf(hosts)).split('\n').filter((line) => !before.includes(line))
      return {
        holds: isAsBefore && between !== before,
        found: isAsBefore ? 'all is as before' : `left: ${left.join('; ')}`,
      }
    },
  )
  .expect({ host: { outside: reached } })

// `ip netns del` takes away a name. A namespace lives as long as a process is in it, and its devices with it.
let sleeper = ''
scenario(atNames, 'a process keeps a deleted namespace alive', { claim, when: 'a process inside' })
  .expect({ outside: { ns1: reached, ns2: reached } })
  .finding(
    'after ip netns del ns1 nobody answers at 192.168.0.100',
    async ({ hosts }) => {
      const { $ } = hosts.host
      const started = await $`ip netns exec ns1 sleep 60 < /dev/null > /dev/null 2>&1 & echo $!
        until grep -q sleep /proc/$!/comm; do sleep 0.01; done`
      sleeper = started.stdout.trim()
      await $`ip netns del ns1`
      // Nobody is in ns2: when it has gone, ns1 would have gone as well.
      await $`ip netns del ns2`
      const isOtherGone = await becomes(async () => !(await answers(hosts, '192.168.0.200')))
      const isSilent = !(await answers(hosts, '192.168.0.100'))
      const listed = (await $`ip netns list`).stdout.trim()
      if (!isOtherGone || listed !== '') throw new Error(`ns2 has not gone; ip netns list: ${listed}`)
      return {
        holds: isSilent,
        found: `no namespace is listed, .200 is silent, .100 ${isSilent ? 'is silent' : 'answers'}`,
      }
    },
    { expected: false },
  )
  .finding('when the process ends, nobody answers any more', async ({ hosts }) => {
    await hosts.host.$`kill ${sleeper}`
    const isSilent = await becomes(async () => !(await answers(hosts, '192.168.0.100')))
    return { holds: isSilent, found: isSilent ? '.100 is silent' : '.100 answers' }
  })

async function stateOf({ host: { $ } }: Host): Promise<string> {
  return (await $`ip netns list; ip -d addr show; ip route show table all; bridge fdb show; ip maddr show`).stdout
}

async function answers({ outside: { $ } }: Pick<Hosts<'outside'>, 'outside'>, address: string): Promise<boolean> {
  const ping = await $({ nothrow: true })`ping -n -c 1 -W 0.2 ${address}`
  return ping.exitCode === 0
}

/** Whether something becomes true within some milliseconds. */
async function becomes(isTrue: () => Promise<boolean>, ms = 5000): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await isTrue())) {
    if (performance.now() > deadline) return false
    await pause(20)
  }
  return true
}
