import { reached } from 'netwright'
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

// The manual page lists these among the types, yet the drivers of their hardware make such devices, not `ip link add`. Only
// the kernel's own refusal for that says so: a kernel that does not know the type says nothing.
const hardware = [
  // can_newlink() of drivers/net/can/dev refuses whatever it is asked.
  {
    type: 'can',
    words: 'name new0 type can',
    refusal: 'Operation not supported',
    why: 'can devices come with a CAN controller',
  },
  // ipoib_new_child_link() and lowpan_newlink() look at the type of the device below.
  {
    type: 'ipoib',
    words: 'link eth0 name new0 type ipoib',
    refusal: 'No such device',
    why: 'it sits on an InfiniBand port, and emulated RDMA is Ethernet',
  },
  {
    type: 'lowpan',
    words: 'link eth0 name new0 type lowpan',
    refusal: 'Invalid argument',
    why: 'it sits on an IEEE 802.15.4 radio, and even an emulated one is born in the machine’s first namespace, out of a lab’s reach',
  },
] as const

for (const { type, words, refusal, why } of hardware) {
  const needs = [`link:${type}`] as const
  scenario(linkTypes, `${type} devices need hardware`, { claim, when: `${type}, without its hardware`, needs }).finding(
    `ip link add ${words}`,
    async ({ hosts }) => {
      const { $ } = hosts.host
      await $`ip link show eth0` // the device below is there
      const made = await $({ nothrow: true })`ip link add ${words.split(' ')}`
      const said = made.stderr.trim()
      if (made.exitCode !== 0 && !said.includes(refusal)) throw new Error(`refused for another reason: ${said}`)
      return { holds: made.exitCode === 0, found: `${said} – ${why}` }
    },
    { expected: false, documentSays: true },
  )
}

/** Packets received and sent, of `ip -s link`. */
function counters(text: string): readonly number[] {
  return [...text.matchAll(/[RT]X:.*\n\s+\d+\s+(\d+)/g)].map(([, packets]) => Number(packets))
}
