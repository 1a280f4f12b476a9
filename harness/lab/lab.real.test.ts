import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest'
import { openAbilities } from '../machines/ability.ts'
import type { CapturedFrame } from '../machines/channel/channel.ts'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { underlay, type Underlay } from '../model/underlay.ts'
import { openLab, type Lab } from './lab.ts'
import { topology } from './topology.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

const wires = underlay()
  .wire('lan', '10.0.0.0/16 fd00:a::/64')
  .wire('office', '10.8.0.0/16')
  .host('node1', { ens160: 'lan 10.0.0.1/16 fd00:a::1/64' }, { routes: ['default via 10.0.0.254'] })
  .host('node2', { ens160: 'lan 10.0.0.2/16 fd00:a::2/64' })
  .router('gw', { eth0: 'lan 10.0.0.254/16', eth1: 'office 10.8.0.1/16' })
  .client('client', { eth0: 'office 10.8.0.9/16' }, { routes: ['default via 10.8.0.1'] })

const twoNodes = topology('two nodes', {
  underlay: wires,
  namespaces: { node1: ['ns1'], node2: ['ns1'] },
  needs: ['link:macvlan'],
  async build({ node1, node2 }) {
    for (const [{ $ }, last] of [
      [node1, 11],
      [node2, 12],
    ] as const) {
      await $`ip netns add ns1`
      await $`ip link add link ens160 mac1 type macvlan mode private`
      await $`ip link set mac1 netns ns1`
      await $`ip netns exec ns1 ip addr add ${`10.0.0.${last}/16`} dev mac1`
      await $`ip netns exec ns1 ip addr add ${`fd00:a::${last}/64`} dev mac1`
      await $`ip netns exec ns1 ip link set mac1 up`
    }
  },
})

async function built(context: TestContext, from: Machine = machine): Promise<Lab<'node1' | 'node2' | 'gw' | 'client'>> {
  const lab = await openLab(from, twoNodes)
  context.onTestFinished(() => lab.dispose())
  await lab.build()
  return lab
}

test('reads back what the kernel built, parents across namespaces included', async (context) => {
  const lab = await built(context)
  const { $ } = lab.hosts.node1
  await $`sysctl -qw net.ipv4.conf.ens160.rp_filter=2`
  await $`ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev ens160 nud permanent`
  const graph = await lab.graph()
  const ids = ['node1', 'node2', 'gw', 'client', 'wire:lan', 'wire:office', 'node1/ns1', 'node2/ns1']
  expect(graph.namespaces.map((ns) => ns.id).sort()).toEqual(ids.sort())
  const find = (id: string) => graph.namespaces.find((ns) => ns.id === id)
  for (const [node, last] of [
    ['node1', 11],
    ['node2', 12],
  ] as const) {
    const mac1 = find(`${node}/ns1`)?.interfaces.find((i) => i.name === 'mac1')
    expect(mac1).toMatchObject({ kind: 'macvlan', mode: 'private', up: true, link: { ns: node, dev: 'ens160' } })
    expect(mac1?.addresses.map((a) => `${a.address}/${a.prefix}`)).toEqual([`10.0.0.${last}/16`, `fd00:a::${last}/64`])
    const parent = find(node)?.interfaces.find((i) => i.name === 'ens160')
    expect(parent?.link?.ns).toBe('wire:lan')
    expect(parent?.mac).not.toBe(mac1?.mac)
  }
  expect(find('node1')?.routes).toContainEqual(
    expect.objectContaining({ to: 'default', via: '10.0.0.254', dev: 'ens160' }),
  )
  expect(find('node1')?.neighbours).toContainEqual({
    address: '10.0.0.77',
    dev: 'ens160',
    state: 'PERMANENT',
    mac: '02:00:00:00:00:77',
  })
  expect(find('node1')?.sysctls).toEqual({ 'net.ipv4.conf.ens160.rp_filter': '2' })
  expect(find('gw')?.sysctls['net.ipv4.ip_forward']).toBe('1')
  const ports = find('wire:lan')?.interfaces.flatMap((i) => i.port ?? [])
  expect(ports).toEqual([1, 2, 3].map(() => ({ state: 'forwarding', hairpin: false })))
})

test('wires are quiet: nothing crosses them unless somebody sends', async (context) => {
  const lab = await openLab(machine, twoNodes)
  context.onTestFinished(() => lab.dispose())
  const frames: CapturedFrame[] = []
  const captures = await Promise.all(
    [...lab.namespaces.values()].map((target) => lab.channel.capture(target.path, (frame) => frames.push(frame))),
  )
  const settle = async () => {
    for (const capture of captures) await capture.sync()
    return frames.length
  }
  await lab.build()
  // That nothing comes cannot be waited for otherwise than by waiting. The reports of listeners come some milliseconds
  // after their cause.
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  await wait(100)
  const atFirst = await settle()
  await wait(300)
  expect(await settle()).toBe(atFirst)
  // A bridge port forwards from its first moment, and what is captured is what was sent.
  const ping = await lab.hosts.node1.$`ping -n -c1 -W1 10.0.0.2`
  expect(ping.stdout).toContain('1 received')
  expect(await settle()).toBeGreaterThan(atFirst)
})

test('the first ping after the build is answered, over IPv4 and IPv6, on both nodes and through the router', async (context) => {
  const lab = await built(context)
  const { node1, node2, client } = lab.hosts
  await node1.$`ping -n -c1 -W1 10.0.0.2`
  await node1.$`ping -n -c1 -W1 fd00:a::2`
  await node2.$`ip netns exec ns1 ping -n -c1 -W1 10.0.0.11`
  await node2.$`ip netns exec ns1 ping -n -c1 -W1 fd00:a::11`
  await client.$`ping -n -c1 -W1 10.0.0.1`
})

test('lays wires and NICs whose names ip would take for its own words, or that the kernel finds too long', async (context) => {
  const wires = ['a', 'mtu', 'up', 'all', 'lo', 'dev', 'a-wire-whose-name-is-long'] as const
  const nics = ['up', 'link', 'mtu', 'a', 'type', 'dev', 'name'] as const
  const named = (last: number) =>
    Object.fromEntries(nics.map((nic, i) => [nic, `${wires[i] ?? 'a'} 10.${i}.0.${last}/16`]))
  const [first, ...others] = wires
  const base = others.reduce<Underlay>(
    (so, wire) => so.wire(wire, undefined, { hairpin: true }),
    underlay().wire(first),
  )
  const spelled = base.host('a-up', named(1)).host('master', named(2), { routes: ['10.99.0.0/16 via 10.0.0.1 dev up'] })
  const lab = await openLab(machine, topology('odd names', { underlay: spelled, build: () => Promise.resolve() }))
  context.onTestFinished(() => lab.dispose())
  await lab.build()
  const [, master] = Object.values(lab.hosts)
  if (master === undefined) throw new Error('the lab has no second host')
  for (const i of nics.keys()) await master.$`ping -n -c1 -W1 10.${i}.0.1`
})

test('journals every command with its host, its author and what it said', async (context) => {
  const lab = await built(context)
  const { entries } = lab.journal
  const typed = entries.filter((e) => e.by === 'script')
  expect(typed.map((e) => `${e.host}: ${e.command}`).slice(0, 4)).toEqual([
    'node1: ip netns add ns1',
    'node1: ip link add link ens160 mac1 type macvlan mode private',
    'node1: ip link set mac1 netns ns1',
    'node1: ip netns exec ns1 ip addr add 10.0.0.11/16 dev mac1',
  ])
  expect(typed).toHaveLength(12)
  expect(typed.every((e) => e.code === 0 && e.ms > 0)).toBe(true)
  expect(new Set(entries.filter((e) => e.by === 'underlay').map((e) => e.host)).size).toBe(7)
  await lab.act('remedy', 'a remedy', ({ node2 }) => node2.$`echo out; echo err >&2`)
  expect(entries.at(-1)).toMatchObject({ host: 'node2', by: 'remedy', code: 0, stdout: 'out\n', stderr: 'err\n' })
})

test('notices namespaces as they come, go, and come again under the same name', async (context) => {
  const lab = await openLab(machine, twoNodes)
  context.onTestFinished(() => lab.dispose())
  const seen: string[] = []
  await lab.watchNamespaces({
    appeared: (target) => {
      seen.push(`+${target.id}`)
      return Promise.resolve()
    },
    vanished: (target) => seen.push(`-${target.id}`),
  })
  seen.length = 0
  const { $ } = lab.hosts.node1
  await $`ip netns add a; ip netns add b; ip netns exec a ip link set lo up`
  await $`ip netns del b`
  await $`ip netns del a; ip netns add a`
  await $`ip netns list`
  expect(seen).toEqual(['+node1/a', '+node1/b', '-node1/b', '-node1/a', '+node1/a'])
  await Promise.all(
    [1, 2, 3, 4, 5].map((n) => $`ip netns add p${n}`.then(() => expect(lab.namespaces.has(`node1/p${n}`)).toBe(true))),
  )
  await $`ip netns del p1`
  expect(lab.namespaces.has('node1/p1')).toBe(false)
  await expect(lab.graph()).resolves.toBeDefined()
})

test('a name that `ip netns add` has not bound yet is no namespace', async () => {
  const lab = await openLab(machine, twoNodes)
  const { $ } = lab.hosts.node1
  // ip makes the file first, and other commands go on meanwhile.
  await $`touch /run/netns/early`
  expect(lab.namespaces.has('node1/early')).toBe(false)
  await $`rm /run/netns/early; ip netns add early`
  expect(lab.namespaces.has('node1/early')).toBe(true)
  await lab.dispose()
})

test('without IPv6 a lab has IPv4 only', async (context) => {
  const abilities = openAbilities(async () => {
    const sandbox = await machine.openSandbox()
    await sandbox.files('', [{ kind: 'write', path: '/proc/sys/net/ipv6/conf/*/disable_ipv6', value: '1' }])
    return sandbox
  }, machine.environment)
  const without = await abilities.can('ipv6')
  await abilities.close()
  expect(without).toMatchObject({
    able: false,
    reason: expect.stringMatching(/^IPv6 addresses cannot be set: .*IPv6 is disabled/) as string,
  })
  const lab = await openLab(
    { ...machine, can: () => Promise.resolve(without) },
    topology('no IPv6', { underlay: wires }),
  )
  context.onTestFinished(() => lab.dispose())
  expect(lab.hasIpv6).toBe(false)
  const nodes = (await lab.graph()).namespaces.filter((ns) => ns.id === 'node1')
  const addresses = nodes.flatMap((ns) => ns.interfaces.flatMap((i) => i.addresses)).filter((a) => a.scope === 'global')
  expect(addresses.map((a) => a.address)).toEqual(['10.0.0.1'])
})
