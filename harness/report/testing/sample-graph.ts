import type { Graph, Interface, InterfaceAddress, Namespace, NamespaceRole, Route } from '../../model/graph.ts'

const v4 = (cidr: string): InterfaceAddress => {
  const [address = '', prefix = ''] = cidr.split('/')
  return { family: address.includes(':') ? 6 : 4, address, prefix: Number(prefix), scope: 'global' }
}

/** Fixture: a device with the fields that a test does not care about filled in. */
export function sampleDevice(
  name: string,
  kind: string,
  { addresses = [], ...rest }: Partial<Omit<Interface, 'addresses'>> & { addresses?: readonly string[] } = {},
): Interface {
  const up = rest.up ?? true
  return {
    name,
    index: 2,
    kind,
    up,
    operstate: up ? 'UP' : 'DOWN',
    flags: up ? ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'] : ['BROADCAST', 'MULTICAST'],
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    details: {},
    ...rest,
    addresses: addresses.map(v4),
  }
}

/** Fixture: a namespace with its loopback. */
export function sampleNamespace(
  id: string,
  role: NamespaceRole,
  interfaces: readonly Interface[],
  routes: readonly Route[] = [],
): Namespace {
  const [host = id, name] = id.split('/')
  const lo = sampleDevice('lo', 'loopback', { index: 1, operstate: 'UNKNOWN', mac: '', addresses: ['127.0.0.1/8'] })
  const sysctls = { 'net.ipv4.ip_forward': '0' }
  const named = name === undefined ? {} : { name }
  return { id, role, host, ...named, interfaces: [lo, ...interfaces], routes, neighbours: [], sysctls }
}

const route = (to: string, dev: string, via?: string): Route =>
  via === undefined
    ? { family: 4, to, dev, type: 'unicast', scope: 'link' }
    : { family: 4, to, via, dev, type: 'unicast' }

/** Fixture: document A's two nodes on one wire, before or after the host got a sub-interface of its own. */
export function sampleGraph({ remedied = false, hairpin = false } = {}): Graph {
  const ens160 = (host: string, mac: string, address: string) =>
    sampleDevice('ens160', 'veth', {
      mac,
      addresses: address === '' ? [] : [address],
      link: { ns: 'wire:lan', dev: host },
      flags: ['BROADCAST', 'MULTICAST', 'PROMISC', 'UP', 'LOWER_UP'],
    })
  const child = (name: string, mac: string, address: string) =>
    sampleDevice(name, 'macvlan', { mode: 'bridge', mac, addresses: [address], link: { ns: 'node1', dev: 'ens160' } })
  const port = (host: string) =>
    sampleDevice(host, 'veth', {
      mac: 'fe:00:00:00:00:01',
      master: 'lan',
      link: { ns: host, dev: 'ens160' },
      port: { state: 'forwarding', hairpin: hairpin && host === 'node1' },
    })
  const mac0 = child('mac0', 'ae:3f:0c:5b:77:10', '192.168.179.9/16')
  return {
    namespaces: [
      sampleNamespace(
        'node1',
        'host',
        remedied
          ? [ens160('node1', '02:16:3e:00:00:09', ''), mac0]
          : [ens160('node1', '02:16:3e:00:00:09', '192.168.179.9/16')],
        [route('192.168.0.0/16', remedied ? 'mac0' : 'ens160')],
      ),
      sampleNamespace(
        'node1/ns1',
        'namespace',
        [child('mac1', '6a:11:22:0f:aa:01', '192.168.179.12/16')],
        [route('192.168.0.0/16', 'mac1'), route('default', 'mac1', '192.168.1.1')],
      ),
      sampleNamespace(
        'node1/ns2',
        'namespace',
        [child('mac2', '6a:11:22:0f:aa:02', '192.168.179.13/16')],
        [route('192.168.0.0/16', 'mac2')],
      ),
      sampleNamespace(
        'node2',
        'host',
        [ens160('node2', '02:16:3e:00:00:0a', '192.168.179.10/16')],
        [route('192.168.0.0/16', 'ens160')],
      ),
      sampleNamespace('wire:lan', 'wire', [
        sampleDevice('lan', 'bridge', { mac: 'fe:00:00:00:00:00' }),
        port('node1'),
        port('node2'),
      ]),
    ],
  }
}
