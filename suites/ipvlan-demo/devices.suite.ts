import type { Graph, Interface } from 'netwright'
import { scenario } from 'netwright/vitest'
import { ipvlanDemo, ipvlanDemoIpv6 } from '../../fixtures/topologies/ipvlan-demo.ts'
import { ipvlanDemoDocument } from './claims.ts'

// What `ip a` shows. One MAC for all makes the usual link-local address ambiguous, so the driver gives each child a device id
// that takes part in it (ipvlan_link_new, addrconf_ifid_eui48).
scenario(ipvlanDemoIpv6, 'children are NOARP and share one MAC address', { claim: ipvlanDemoDocument.claim('C2') })
  .finding('lo is DOWN in both namespaces', async ({ graph }) => {
    const loopbacks = interfaces(await graph()).filter((dev) => dev.kind === 'loopback')
    return {
      holds: loopbacks.length === 2 && loopbacks.every((dev) => !dev.up),
      found: loopbacks.map((dev) => dev.operstate).join(', '),
    }
  })
  .finding('both children are NOARP', async ({ graph }) => {
    const devices = children(await graph())
    return { holds: devices.length === 2 && devices.every((dev) => dev.flags.includes('NOARP')), found: flags(devices) }
  })
  .finding('both children have one MAC address', async ({ graph }) => {
    const macs = children(await graph()).map((dev) => dev.mac)
    return { holds: macs.length === 2 && new Set(macs).size === 1, found: macs.join(', ') }
  })
  .finding('their IPv6 link-local addresses differ', async ({ graph }) => {
    const local = children(await graph()).flatMap((dev) =>
      dev.addresses.filter((a) => a.scope === 'link').map((a) => a.address),
    )
    return {
      holds: local.length === 2 && new Set(local).size === 2,
      found: local.join(', ') || 'no link-local address',
    }
  })

// The mode belongs to the parent, and the latest child decides it for all (ipvlan_set_port_mode).
scenario(ipvlanDemo, 'a parent has one mode for all its children', { claim: ipvlanDemoDocument.claim('C3') })
  .given('a third child asks for l2', ({ host: { $ } }) => $`ip link add ipv3 link eth0 type ipvlan mode l2`)
  .finding('all children are in one mode', async ({ graph }) => {
    const modes = [...children(await graph()), ...onHost(await graph())].map((dev) => `${dev.name} ${dev.mode ?? ''}`)
    return { holds: modes.length === 3 && modes.every((mode) => mode.endsWith(' l2')), found: modes.join(', ') }
  })

function interfaces(graph: Graph): Interface[] {
  return graph.namespaces.filter((ns) => ns.role === 'namespace').flatMap((ns) => ns.interfaces)
}

function children(graph: Graph): Interface[] {
  return interfaces(graph).filter((dev) => dev.kind === 'ipvlan')
}

function onHost(graph: Graph): Interface[] {
  return graph.namespaces
    .filter((ns) => ns.id === 'host')
    .flatMap((ns) => ns.interfaces.filter((dev) => dev.kind === 'ipvlan'))
}

function flags(devices: readonly Interface[]): string {
  return devices.map((dev) => `${dev.name} ${dev.flags.join(',')}`).join('; ')
}
