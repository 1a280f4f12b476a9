import { expect, test, vi } from 'vitest'
import type { Channel } from '../../machines/channel/channel.ts'
import { localMachine } from '../../machines/local/local-machine.ts'
import { compileLines } from './compile.ts'

/** What is compiled here has to make what `ip` makes of the same lines. */

interface Pair {
  readonly channel: Channel
  /** Holders of a host and of a switch. */
  readonly host: number
  readonly wire: number
}

async function openPair(): Promise<Pair> {
  const channel = await localMachine().then((machine) => machine.openSandbox())
  return { channel, host: await channel.makeHost(), wire: await channel.makeHost() }
}

const nics = new Map([
  ['eth0', 101],
  ['up', 102],
])
const batches = ({ host, wire }: Pair): readonly (readonly [string, readonly string[]])[] => [
  [
    '',
    [
      `link add name eth0 index 101 address 02:00:00:00:01:01 netns ${host} type veth peer name p1 index 1001 netns ${wire}`,
      `link add name up index 102 address 02:00:00:00:01:02 netns ${host} type veth peer name p2 index 1002 netns ${wire}`,
    ],
  ],
  [
    `/proc/${wire}/ns/net`,
    [
      'link add name lan index 901 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set dev lan up',
      'link set dev p1 master lan',
      'link set dev p1 type bridge_slave hairpin on',
      'link set dev p1 up',
      'link set dev p2 master lan',
      'link set dev p2 up',
    ],
  ],
  [
    `/proc/${host}/ns/net`,
    [
      'link set dev lo up',
      'addr add 10.0.0.1/24 dev eth0',
      'addr add 10.0.7.1/32 dev eth0',
      'addr add fd00::1/64 dev eth0',
      'addr add fe80::1/64 dev eth0',
      'link set dev eth0 up',
      'addr add 10.1.0.1/31 dev up',
      'link set dev up up',
      'route add default via 10.0.0.254',
      'route add 10.9.0.0/16 via 10.1.0.0 dev up',
      'route add fd00:9::/48 via fd00::fe',
      'route add default via fd00::ff dev eth0',
    ],
  ],
]

/** What `ip` prints, without what differs between two of a kind: ids of other namespaces, and MAC addresses given by chance. */
async function told({ channel, host, wire }: Pair): Promise<unknown> {
  const asked = [
    '-d link show',
    'addr show',
    '-4 route show table all',
    '-6 route show table all',
    '-d link show type bridge',
  ]
  const outputs = await Promise.all(
    [host, wire].flatMap((pid) =>
      asked.map(async (words) => {
        const place = { net: `/proc/${pid}/ns/net` }
        const { code, stdout, stderr } = await channel.run(['ip', '-j', ...words.split(' ')], { place })
        expect(code, stderr.toString()).toBe(0)
        // Devices come up in an order of their own, and their routes with them.
        return (JSON.parse(stdout.toString() || '[]') as unknown[]).map((one) => JSON.stringify(one)).sort()
      }),
    ),
  )
  const changing = /^(link_netnsid|address|root_id|bridge_id|.*_timer|inet6_addr_gen_mode)$/
  return JSON.parse(
    JSON.stringify(
      outputs.map((lines) => lines.map((line) => JSON.parse(line) as unknown)),
      (key, value: unknown) =>
        (changing.test(key) && !String(value).startsWith('02:00:00:00:01')) || /^fe80::.*ff:fe/.test(String(value))
          ? undefined
          : value,
    ),
  )
}

test('lines of ip, compiled, make what ip makes of them', async ({ onTestFinished }) => {
  const [typed, compiled] = [await openPair(), await openPair()]
  onTestFinished(async () => {
    await Promise.all([typed.channel.close(), compiled.channel.close()])
  })
  for (const [net, lines] of batches(typed)) {
    const input = lines.join('\n')
    const { code, stderr } = await typed.channel.run(['ip', '-batch', '-'], { place: { net }, input })
    expect(code, stderr.toString()).toBe(0)
  }
  for (const [net, lines] of batches(compiled)) {
    const requests = compileLines(lines, nics)
    if (requests === undefined) throw new Error(`not compiled: ${lines.join('; ')}`)
    expect(await compiled.channel.change(net, requests)).toBeUndefined()
  }
  const witness = await told(typed)
  expect(JSON.stringify(witness)).toContain('fd00:9::/48')
  expect(JSON.stringify(witness)).toContain('"hairpin":true')
  // Until both have settled: carriers come up later than devices.
  await vi.waitFor(async () => expect(await told(compiled)).toEqual(await told(typed)), {
    timeout: 10_000,
    interval: 100,
  })
})

test.for([
  ['addr add 10.0.0.1/24 dev lo', 'addr add 10.0.0.1/24 dev lo', 17],
  ['link set dev lo up', 'link set dev none up', 19],
  ['link set dev lo up', 'route add default via 192.0.2.1', 101],
] as const)(
  'a refusal names the line, the error and the words of the kernel: %s; %s',
  async (of, { onTestFinished }) => {
    const [first, second, errno] = of
    const { channel, host } = await openPair()
    onTestFinished(() => channel.close())
    const net = `/proc/${host}/ns/net`
    const requests = compileLines([first, second], new Map([['lo', 1]])) ?? []
    const refusal = await channel.change(net, requests)
    expect(refusal).toMatchObject({ position: 1, errno })
    const typed = await channel.run(['ip', '-batch', '-'], { place: { net }, input: `link set dev lo up\n${second}` })
    // The same words, where ip has them from the kernel and not from its own look-up.
    if (errno === 101) expect(typed.stderr.toString()).toContain(refusal?.words)
    expect(refusal?.words).toMatch(/^(Error: \S|RTNETLINK answers: \S)/)
  },
)

test.for([
  'link set dev eth0 address 02:00:00:00:00:01',
  'addr add 10.0.0.1/24 dev unknown',
  'route add default dev eth0',
  'route add 10.0.0.0/8 via fd00::1',
  'link add name br0 type bridge',
])('a line of another form is left to ip: %s', (line) => {
  expect(compileLines(['link set dev lo up', line], new Map([['eth0', 101]]))).toBeUndefined()
})
