import { reached, type Host } from 'netwright'
import { scenario } from 'netwright/vitest'
import { linkTypes } from '../../fixtures/topologies/link-types.ts'
import { virtualNics } from './claims.ts'
import { sendCanFrame } from './can-frame.ts'
import { showsLink } from './shows-link.ts'

const claim = virtualNics.claim('B1')

// The types of the manual page that join nothing: no second end, or no hardware. Those of link-pairs and link-tunnels carry
// packets between two ends.

scenario(linkTypes, 'dummy devices can be created and carry a packet', { claim, when: 'dummy', needs: ['link:dummy'] })
  .given('the host gets a dummy with an address', async ({ host: { $ } }) => {
    await $`ip link add name new0 type dummy`
    await $`ip addr add 10.0.0.1/24 dev new0`
    await $`ip link set new0 up`
  })
  .expect({ outside: { '10.0.0.1': reached } })
  .finding('the kernel shows a device of type dummy', showsLink('dummy'))

scenario(linkTypes, 'nlmon devices can be created and show netlink messages', {
  claim,
  when: 'nlmon',
  needs: ['link:nlmon'],
}).finding('what ip asks the kernel comes in at an nlmon device', async ({ hosts }) => {
  const { $ } = hosts.host
  await $`ip link add name new0 type nlmon`
  await $`ip link set new0 up`
  await $`ip link show eth0`
  const [packets = 0] = counters((await $`ip -s link show new0`).stdout)
  return { holds: packets > 0, found: `new0 received ${packets} messages` }
})

scenario(linkTypes, 'vcan devices can be created and carry a frame', {
  claim,
  when: 'vcan',
  needs: ['link:vcan'],
}).finding('a frame that one socket sends is read by another', async ({ hosts }) => {
  const { $ } = hosts.host
  await $`ip link add name new0 type vcan`
  await $`ip link set new0 up`
  const read = await sendCanFrame($, 'new0')
  return { holds: read.stdout.trim() === '123#6e6574', found: read.stdout.trim() || read.stderr.trim() }
})

// The manual page lists these among the types, yet the drivers of their hardware make such devices, not `ip link add`.
const hardware = [
  // can_newlink() of drivers/net/can/dev refuses whatever it is asked, so that can-dev need only exist.
  {
    type: 'can',
    words: 'name new0 type can',
    option: 'CONFIG_CAN_DEV',
    why: 'can devices come with a CAN controller',
    needs: ['link:vcan'],
  },
  // ipoib_new_child_link() and lowpan_newlink() look at the type of the device below.
  {
    type: 'ipoib',
    words: 'link eth0 name new0 type ipoib',
    option: 'CONFIG_INFINIBAND_IPOIB',
    why: 'with its module it sits on an InfiniBand port, and answers “No such device” on any other; emulated RDMA is Ethernet',
    needs: [],
  },
  {
    type: 'lowpan',
    words: 'link eth0 name new0 type lowpan',
    option: 'CONFIG_IEEE802154_6LOWPAN',
    why: 'it sits on an IEEE 802.15.4 radio, and even an emulated one is born in the machine’s first namespace, out of a lab’s reach',
    needs: [],
  },
] as const

for (const { type, words, option, why, needs } of hardware) {
  scenario(linkTypes, `${type} devices need hardware`, { claim, when: `${type}, without its hardware`, needs }).finding(
    `ip link add ${words}`,
    async ({ hosts }) => {
      const { $ } = hosts.host
      const made = await $({ nothrow: true })`ip link add ${words.split(' ')}`
      const lacks = made.stderr.includes('Unknown device type') ? ` (${await configured($, option)})` : ''
      return { holds: made.exitCode === 0, found: `${made.stderr.trim()}${lacks} – ${why}` }
    },
    { expected: false, documentSays: true },
  )
}

/** What the kernel's configuration says of a type that it does not know. */
async function configured($: Host['$'], option: string): Promise<string> {
  const { stdout } = await $({ nothrow: true })`zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$(uname -r)"`
  const line = stdout.split('\n').find((one) => one.startsWith(`${option}=`))
  if (line?.endsWith('=m') === true) return `${line}, and its module is not on this machine`
  return line ?? (stdout === '' ? 'not in this kernel' : `${option} is not set in this kernel`)
}

/** Packets received and sent, of `ip -s link`. */
function counters(text: string): readonly number[] {
  return [...text.matchAll(/[RT]X:.*\n\s+\d+\s+(\d+)/g)].map(([, packets]) => Number(packets))
}
