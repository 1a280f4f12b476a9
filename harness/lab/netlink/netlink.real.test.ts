import { beforeAll, expect, test } from 'vitest'
import type { Channel, Place } from '../../machines/channel/channel.ts'
import { localMachine } from '../../machines/local/local-machine.ts'
import { readGraph } from '../graph-reader.ts'

/**
 * `ip -d -j` is the witness: what is read here by netlink has to be what it prints of the same namespace.
 */
let channel: Channel
let here: Place
let farPath: string

/** As many kinds of devices as a kernel may have; those that it lacks are left out by `|| true`. */
const script = `
  ip netns add far
  ip link set lo up
  ip link add eth0 index 201 type veth peer name eth0 index 301 netns far
  ip link add br0 type bridge
  ip link set eth0 master br0; bridge link set dev eth0 hairpin on
  ip link set eth0 up; ip link set br0 up; ip -n far link set eth0 up
  ip link add link br0 mac0 type macvlan mode bridge
  ip link add link br0 mac1 type macvlan mode source
  ip link set mac1 type macvlan macaddr add 02:00:00:00:00:99
  ip link add link br0 'mac2@br0' type macvlan mode private
  ip link set mac2@br0 netns far
  ip link add link br0 tap0 type macvtap mode vepa
  ip link add vx0 type vxlan id 42 local 10.9.0.1 dstport 4789
  ip tuntap add tun0 mode tun
  ip link add link br0 ipv0 type ipvlan mode l3s private || true
  ip link add link br0 eth0.7 type vlan id 7 || true
  ip link add vrf0 type vrf table 77 || true
  ip link add gre1 type gre local 10.9.0.1 remote 10.9.0.2 || true
  ip link add bond0 type bond mode 802.3ad || true
  ip addr add 10.9.0.1/24 dev br0; ip addr add 10.9.1.1 peer 10.9.1.2/32 dev br0
  ip addr add fd00:9::1/64 dev br0 || true; ip addr add fd00:9::2/64 dev br0 nodad || true
  ip link set mac0 up; ip link set mac0 promisc on; ip link set mac0 allmulticast on
  ip route add default via 10.9.0.254 dev br0 metric 77
  ip route add 10.20.0.0/16 dev mac0 src 10.9.0.1
  ip route add unreachable 10.30.0.0/16; ip route add blackhole 10.31.0.0/16
  ip route add 10.40.0.1 via 10.9.0.254 table 100 || true
  ip -6 route add default dev br0 || true; ip -6 route add fd00:40::/32 via fd00:9::fe || true
  ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:07 dev br0 nud permanent
  ip neigh add 10.9.0.8 lladdr 02:00:00:00:00:08 dev br0 nud stale
  ip neigh add fd00:9::8 lladdr 02:00:00:00:00:08 dev br0 nud permanent || true
  sysctl -qw net.ipv4.conf.mac0.rp_filter=2 net.ipv4.conf.mac0.arp_ignore=1 net.ipv4.conf.mac0.proxy_arp=1 net.ipv4.ip_forward=1
  sysctl -qw net.ipv6.conf.br0.disable_ipv6=0 net.ipv6.conf.mac0.proxy_ndp=1 net.ipv6.conf.mac0.disable_ipv6=1 || true
`

beforeAll(async () => {
  channel = await localMachine().then((machine) => machine.openSandbox())
  const pid = await channel.makeHost()
  here = { net: `/proc/${pid}/ns/net`, mnt: `/proc/${pid}/ns/mnt` }
  farPath = `/proc/${pid}/root/run/netns/far`
  const made = await channel.run(['sh', '-ec', script], { place: here })
  expect(made.code, made.stderr.toString()).toBe(0)
  return () => channel.close()
})

const target = (id: string, path: string) => ({ id, role: 'host', host: id, path, place: {} }) as const
const graph = () => readGraph(channel, [target('here', here.net ?? ''), target('far', farPath)])

type Said = Readonly<Record<string, unknown>>
async function ip(words: string): Promise<Said[]> {
  const { stdout } = await channel.run(['ip', '-d', '-j', ...words.split(' ')], { place: here })
  return JSON.parse(stdout.toString()) as Said[]
}

test('devices are what ip says of them', async () => {
  const [own] = (await graph()).namespaces
  const said = await ip('addr show')
  expect(said.length).toBeGreaterThan(7)
  expect(
    own?.interfaces.map(({ name, index, flags, mac, mtu, operstate, master, port }) => ({
      name,
      index,
      flags,
      mac,
      mtu,
      operstate,
      master,
      port,
    })),
  ).toEqual(
    said.map((link) => {
      const info = (link['linkinfo'] ?? {}) as Said
      const slave = info['info_slave_kind'] === 'bridge' ? (info['info_slave_data'] as Said) : undefined
      return {
        name: link['ifname'],
        index: link['ifindex'],
        flags: link['flags'],
        mac: link['address'] ?? '',
        mtu: link['mtu'],
        operstate: link['operstate'],
        master: link['master'],
        port: slave === undefined ? undefined : { state: slave['state'], hairpin: slave['hairpin'] },
      }
    }),
  )
})

test('kinds and modes are what ip says of them', async () => {
  const [own] = (await graph()).namespaces
  const said = (await ip('link show')).map((link) => {
    const info = (link['linkinfo'] ?? {}) as Said
    const data = (info['info_data'] ?? {}) as Said
    return { link, kind: info['info_kind'] ?? link['link_type'], data }
  })
  expect(own?.interfaces.map(({ kind }) => kind)).toEqual(said.map(({ kind }) => kind))
  for (const { link, data } of said) {
    const dev = own?.interfaces.find(({ name }) => name === link['ifname'])
    for (const [name, value] of Object.entries(dev?.details ?? {}))
      expect.soft(value, `${dev?.name} ${name}`).toEqual(data[name])
    if (typeof data['mode'] === 'string') expect.soft(dev?.mode, dev?.name).toContain(data['mode'])
  }
  expect(own?.interfaces.find(({ name }) => name === 'mac1')?.details['macaddr_data']).toEqual(['02:00:00:00:00:99'])
})

test('addresses are what ip says of them', async () => {
  const [own] = (await graph()).namespaces
  const said = (await ip('addr show')).flatMap((link) =>
    (link['addr_info'] as Said[]).map((a) => [
      link['ifname'],
      a['local'],
      a['prefixlen'],
      a['scope'],
      a['tentative'] ?? false,
    ]),
  )
  expect(said.length).toBeGreaterThan(4)
  expect(
    own?.interfaces.flatMap((dev) =>
      dev.addresses.map((a) => [dev.name, a.address, a.prefix, a.scope, a.tentative ?? false]),
    ),
  ).toEqual(said)
})

test('routes and neighbours are what ip says of them', async () => {
  const [own] = (await graph()).namespaces
  const routes = (await ip('route show table all')).filter(
    (r) =>
      r['table'] !== 'local' &&
      !['local', 'multicast'].includes(String(r['type'])) &&
      !/^(fe80|ff00):/.test(String(r['dst'])),
  )
  expect(routes.length).toBeGreaterThan(5)
  expect(own?.routes.map((r) => [r.to, r.type, r.via, r.dev, r.metric, r.scope, r.source, r.table ?? 'main'])).toEqual(
    routes.map((r) => [
      r['dst'],
      r['type'],
      r['gateway'],
      r['dev'],
      r['metric'],
      r['scope'],
      r['prefsrc'],
      r['table'] ?? 'main',
    ]),
  )
  expect(own?.routes.filter((r) => r.to === 'default').map((r) => r.family)).toEqual([4, 6])
  const neighbours = await ip('neigh show')
  expect(neighbours.length).toBe(3)
  expect(own?.neighbours.map((n) => [n.address, n.dev, n.mac, n.state])).toEqual(
    neighbours.map((n) => [n['dst'], n['dev'], n['lladdr'], (n['state'] as string[])[0]]),
  )
})

test('parents and peers are found across namespaces', async () => {
  const [own, far] = (await graph()).namespaces
  const linkOf = (ns: typeof own, name: string) => ns?.interfaces.find((dev) => dev.name === name)?.link
  expect(linkOf(own, 'mac0')).toEqual({ ns: 'here', dev: 'br0' })
  expect(linkOf(far, 'mac2@br0')).toEqual({ ns: 'here', dev: 'br0' })
  expect(linkOf(own, 'eth0')).toEqual({ ns: 'far', dev: 'eth0' })
  expect(linkOf(far, 'eth0')).toEqual({ ns: 'here', dev: 'eth0' })
})

test('settings that differ from the kernel’s own are kept, those of devices too', async () => {
  const [own] = (await graph()).namespaces
  expect(own?.sysctls).toMatchObject({
    'net.ipv4.ip_forward': '1',
    'net.ipv4.conf.mac0.rp_filter': '2',
    'net.ipv4.conf.mac0.arp_ignore': '1',
    'net.ipv4.conf.mac0.proxy_arp': '1',
    'net.ipv6.conf.mac0.proxy_ndp': '1',
    'net.ipv6.conf.mac0.disable_ipv6': '1',
  })
})

test('a namespace that is gone is named', async () => {
  const gone = readGraph(channel, [target('nobody', '/run/netns/nobody')])
  await expect(gone).rejects.toThrow(/NETWRIGHT_NAMESPACE_MISSING|nobody cannot be entered/)
})
